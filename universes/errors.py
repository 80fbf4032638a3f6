"""Refusals of the services, each with a sentence for the user."""

from storage.messages import Message


class NotFound(Exception):
    """There is no such universe, card, song, revision or variant."""


class AlreadyExists(Exception):
    """There is one already."""


class Changing(Exception):
    """It changes faster than it can be copied."""


class TooLarge(Exception):
    """More bytes than are taken."""


class Invalid(Exception):
    """A bad value; `errors` says which, as `{field: [sentence]}`."""

    def __init__(self, field: str, sentence: str | Message) -> None:
        super().__init__(sentence)
        self.errors = {field: [str(sentence)]}
