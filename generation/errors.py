"""Errors between an editor and the AI models, each with a sentence for people."""

from storage.messages import Text


class CannotGenerate(Exception):
    """The request is valid, but there is nothing to make, or something that the model needs is missing."""


class Unusable(Exception):
    """The model answered, even a second time, with something that can't be used."""


class ProviderError(Exception):
    """Replicate could not do what it was asked. `certain`: nothing was made; else it may have been, or may yet be."""

    certain = False


class NotConfigured(ProviderError):
    """No token, or one that Replicate does not take."""

    certain = True


class Unreachable(ProviderError):
    """No connection, so that the request was never `sent`; or no answer in time, and it may have arrived."""

    def __init__(self, sentence: Text, *, sent: bool = True) -> None:
        super().__init__(sentence)
        self.certain = not sent


class Throttled(ProviderError):
    """Too many requests; nothing was made. `retry_after`: seconds to wait, None when Replicate named no time."""

    certain = True

    def __init__(self, sentence: Text, retry_after: float | None = None) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class Rejected(ProviderError):
    """A definite no (any other 4xx): nothing was made, and the same request would be refused again."""

    certain = True


class Unknown(Rejected):
    """There is no such model, or no such prediction any more."""


class Broken(ProviderError):
    """An answer of 5xx, or one that makes no sense; whether the request was done is not known."""


class WrongSignature(Exception):
    """A webhook that Replicate did not sign with this account's secret."""


class TooOld(WrongSignature):
    """A webhook that was signed too long ago, or ahead of our clock."""


class UnknownPrice(CannotGenerate):
    """There is a limit to what may be spent, and nobody knows what this would cost."""


class LimitReached(Exception):
    """This month's limit has not enough left to pay for it."""
