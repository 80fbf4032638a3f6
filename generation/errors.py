"""What can go wrong between an editor and the AI models, each with a sentence for the person who asked."""


class CannotGenerate(Exception):
    """The request is valid, but there is nothing to make, or something that the model needs is missing."""


class Unusable(Exception):
    """The model answered, even a second time, with something that can't be used."""


class ProviderError(Exception):
    """Replicate could not do what it was asked."""


class NotConfigured(ProviderError):
    """No token, or one that Replicate does not take."""


class Unreachable(ProviderError):
    """No connection, or no answer in time; whether the request arrived is not known."""


class Throttled(ProviderError):
    """Too many requests; nothing was made. `retry_after`: seconds to wait, None when Replicate named no time."""

    def __init__(self, sentence, retry_after=None):
        super().__init__(sentence)
        self.retry_after = retry_after


class Rejected(ProviderError):
    """A definite no (any other 4xx): nothing was made, and the same request would be refused again."""


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
    """What is left of this month's limit does not pay for it."""
