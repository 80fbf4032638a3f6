"""The path of daily tasks in messages that earlier versions sent, and that may still lie in the queue."""

from .daily import run as do

__all__ = ["do"]
