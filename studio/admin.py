"""The admin's pages, which Django finds by this module's name; all that they change goes through the services."""

from .accounts import GroupAdmin, UserAdmin
from .asset import AssetAdmin
from .jobs import JobAdmin
from .revision import RevisionAdmin
from .spending import ChargeAdmin
from .tokens import ApiTokenAdmin
from .universe import UniverseAdmin

__all__ = [
    "ApiTokenAdmin",
    "AssetAdmin",
    "ChargeAdmin",
    "GroupAdmin",
    "JobAdmin",
    "RevisionAdmin",
    "UniverseAdmin",
    "UserAdmin",
]
