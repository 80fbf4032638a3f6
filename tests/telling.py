"""What texts in answers must be."""

import uuid
from datetime import datetime, timedelta


def is_time(text):
    return datetime.fromisoformat(text).utcoffset() == timedelta(0)


def is_id(text):
    return str(uuid.UUID(text)) == text
