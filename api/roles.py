"""Four scopes, which staff have by their groups' permissions; a superuser has all."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

READ, WRITE, GENERATE, PUBLISH = "read", "write", "generate", "publish"

PERMISSIONS = {
    READ: "universes.view_universe",
    WRITE: "universes.change_universe",
    GENERATE: "universes.generate_universe",
    PUBLISH: "universes.publish_universe",
}

# The groups that give them, which a migration makes.
GROUPS = {READ: "Viewer", WRITE: "Editor", GENERATE: "Generator", PUBLISH: "Publisher"}

VERBS = {
    READ: gettext_lazy("read"),
    WRITE: gettext_lazy("change anything"),
    GENERATE: gettext_lazy("generate"),
    PUBLISH: gettext_lazy("publish"),
}


def may(user: "User | AnonymousUser | None", scope: str) -> bool:
    """Whether this person has the scope; never one who is not staff."""
    return bool(user and user.is_active and user.is_staff and user.has_perm(PERMISSIONS[scope]))


def lacking(scopes: Sequence[str]) -> str:
    """The sentence for those who have none of these scopes."""
    said = {
        "verb": _(" or ").join(str(VERBS[scope]) for scope in scopes),
        "group": _(" or ").join(GROUPS[scope] for scope in scopes),
    }
    return _("Your account may not %(verb)s; ask an administrator for the group %(group)s.") % said


def require(user: "User | AnonymousUser | None", *scopes: str) -> None:
    """Raise Django's PermissionDenied, with the sentence, unless this person has one of the scopes."""
    if not any(may(user, scope) for scope in scopes):
        raise PermissionDenied(lacking(scopes))
