"""Media URLs of a plan's files on both sides."""

from dataclasses import dataclass

from django.utils.http import urlencode

from storage.names import kind_of
from syncer.plan import CREATE, DELETE, PUSH, UNPUBLISH
from syncer.services import public_url
from universes import media

from .plan_preview import STATES

KINDS = {"image": "picture", "video": "clip", "audio": "song"}


@dataclass
class Media:
    """One file that changes, with the media URLs of the present and of the coming one; None where there is none."""

    name: str
    action: str
    before: str | None
    after: str | None

    @property
    def kind(self):
        return KINDS.get(kind_of(self.name), "file")

    @property
    def state(self):
        return STATES[self.action]


class PlanMedia:
    """Media URLs of a plan's files. `universe`: the one that is here, or None.

    `version` goes into the URLs over there, so that no browser shows a picture of before from its cache.
    `archived(name)`: the URL of an archived file, for a plan that brings files back from the archive.
    """

    def __init__(self, plan, universe, version="", archived=None):
        self.folder = universe.slug if universe else plan.slug
        self.remote_folder, self.version = plan.slug, version
        self.present = media.present(self.folder)
        to_there = plan.direction in (PUSH, UNPUBLISH)
        self.before = self.there if to_there else self.here
        self.after = self.here if to_there else archived or self.there

    def here(self, name):
        return media.url(self.folder, name, self.present)

    def there(self, name):
        return f"{public_url(f'{self.remote_folder}/{name}')}?{urlencode({'v': self.version})}"

    def media(self, change):
        before = None if change.action == CREATE else self.before(change.name)
        after = None if change.action == DELETE else self.after(change.name)
        return Media(change.name, change.action, before, after)
