"""Faults of an installation: found and mended by `manage.py doctor`."""
