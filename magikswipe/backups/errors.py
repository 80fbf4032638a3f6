class Refused(Exception):
    """A backup that can't be made, or can't be restored; the message is one sentence that says what to do."""
