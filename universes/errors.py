"""What the services refuse, each with a sentence for the person who asked."""


class NotFound(Exception):
    """What was asked for does not exist."""


class AlreadyExists(Exception):
    """There is one already."""


class Changing(Exception):
    """It does not hold still for as long as it takes to copy it."""


class TooLarge(Exception):
    """More bytes than are taken."""


class Invalid(Exception):
    """A value that can't be taken; `errors` says which, as `{field: [sentence]}`."""

    def __init__(self, field, sentence):
        super().__init__(sentence)
        self.errors = {field: [str(sentence)]}
