"""What an answer of Supabase says, whichever of its services gave it."""


def body(answer):
    """The JSON object of an answer, empty when there is none."""
    try:
        found = answer.json()
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {"message": found}


def message(answer):
    """Its sentence, shortened."""
    said = body(answer)
    return str(said.get("message") or said.get("error") or said or answer.reason_phrase)[:200]


def is_missing(answer):
    """Whether what was asked for does not exist: most of what Storage refuses has its true status in the body."""
    return "404" in (str(answer.status_code), str(body(answer).get("statusCode")))


def pause(answer):
    """The seconds to wait that it asks for, None when it does not."""
    text = answer.headers.get("Retry-After", "")
    return int(text[:9]) if text.isdecimal() else None
