"""A plan as editors read it: card by card, the words before and after, the pictures side by side."""

import hashlib
import json
from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from syncer.plan import CREATE, DELETE, UPDATE
from syncer.sides import TIMESTAMPS
from universes import media
from universes.models import LANGUAGES, Asset, Language
from universes.names import music_name
from universes.rows import (
    BY_NAME,
    UNIVERS,
    UNIVERS_ASSETS,
    UNIVERS_ASSETS_TRANSLATIONS,
    UNIVERS_MUSIC_PROMPTS,
    UNIVERS_TRANSLATIONS,
)

from .html import marked

# So many cards are shown one by one; of the rest the number.
MOST_CARDS = 150

WHOLE_UNIVERSE = {CREATE: gettext_lazy("new universe"), DELETE: gettext_lazy("whole universe removed")}

# The tables whose rows are what a block is about; others hold what belongs to it.
THINGS = {UNIVERS.name, UNIVERS_ASSETS.name, UNIVERS_MUSIC_PROMPTS.name}

# What no editor writes; and what says nothing of a row that comes or goes as a whole.
SILENT = {"id", "univers_id", "asset_id", "owner_id"} | TIMESTAMPS
PLAIN = SILENT | {"language", "image_name", "generation_count", "sort_order"}

STATES = {
    CREATE: pgettext_lazy("what a plan does", "new"),
    UPDATE: pgettext_lazy("what a plan does", "changed"),
    DELETE: pgettext_lazy("what a plan does", "removed"),
}


@dataclass
class Words:
    """One text with what it was and what it will be, as HTML; empty where there is none."""

    label: str
    before: str
    after: str
    is_name: bool = False


@dataclass
class Block:
    """What changes of one thing: a card, a song, the universe itself.

    `present`: the address of its picture here, if it has one. `order` sorts cards as children see them.
    """

    title: str
    action: str = UPDATE
    present: str | None = None
    words: list = field(default_factory=list)
    files: list = field(default_factory=list)
    order: tuple = ()

    @property
    def state(self):
        return STATES[self.action]

    @property
    def is_whole(self):
        """Whether it comes or goes with all that it has."""
        return self.action != UPDATE

    @property
    def names(self):
        """Its names in all languages, of one that comes or goes."""
        return [words.after or words.before for words in self.words if words.is_name]

    @property
    def picture(self):
        """The address of what stands for it in a heading: of what goes, the picture that goes with it."""
        planned = next((file.after or file.before for file in self.files if file.kind == "picture"), None)
        return planned or self.present if self.is_whole else self.present or planned

    def sort(self):
        """Names in the order of the languages, pictures before clips."""
        self.words.sort(key=lambda words: words.is_name)
        self.files.sort(key=lambda file: (file.kind != "picture", file.name))


class Preview:
    """The blocks of a plan.

    `universe`: the one that is here, or None. `places`: where the files of both sides can be seen.
    """

    def __init__(self, plan, universe, places):
        self.plan, self.places = plan, places
        self.universe, self.songs, self.by_card = Block(_("The universe")), {}, {}
        self.known = known_cards(plan, universe)
        self.owners = {name: card for card in self.known.values() for name in _files_of(card)}
        for change in sorted(plan.rows, key=_by_language):
            self._block_of_row(change).words += words(change)
        for change in plan.files:
            self._block_of_file(change.name).files.append(places.media(change))
        for block in (self.universe, *self.songs.values(), *self.by_card.values()):
            block.sort()

    @property
    def general(self):
        """The universe's own block, when it has one, then those of its songs."""
        own = [self.universe] if self.universe.words or self.universe.files else []
        return own + [self.songs[language] for language in LANGUAGES if language in self.songs]

    @property
    def cards(self):
        return sorted(self.by_card.values(), key=lambda block: block.order)[:MOST_CARDS]

    @property
    def further_cards(self):
        return max(0, len(self.by_card) - MOST_CARDS)

    @property
    def summary(self):
        return summary(self.plan)

    def _block_of_row(self, change):
        block = self._thing(change)
        if change.table in THINGS:
            block.action = change.action
        return block

    def _thing(self, change):
        if change.table == UNIVERS_ASSETS.name:
            return self._card(change.row)
        if "asset_id" in change.row:
            return self._card(self.known.get(change.row["asset_id"], {"id": change.row["asset_id"]}))
        if change.table == UNIVERS_MUSIC_PROMPTS.name:
            return self._song(change.row["language"])
        return self.universe

    def _block_of_file(self, name):
        if name in self.owners:
            return self._card(self.owners[name])
        language = next((language for language in LANGUAGES if music_name(language) == name), None)
        return self._song(language) if language else self.universe

    def _card(self, row):
        if row["id"] not in self.by_card:
            title = row.get("display_name") or row.get("image_name") or _("Card")
            order = (row.get("sort_order") is None, row.get("sort_order") or 0, row.get("image_name") or "")
            present = self.places.here(row.get("image_name"))
            self.by_card[row["id"]] = Block(title, present=present, order=order)
        return self.by_card[row["id"]]

    def _song(self, language):
        title = _("Song in %(language)s") % {"language": Language(language).label}
        return self.songs.setdefault(language, Block(title))


def _by_language(change):
    language = change.row.get("language")
    return LANGUAGES.index(language) if language in LANGUAGES else -1


def _files_of(card):
    return media.files_of(Asset(image_name=card["image_name"]))


def known_cards(plan, universe):
    """`{id: row}` of the cards that a plan may speak of: those here, by the ids that they will have, and its own."""
    renamed = plan.rekeys.get(UNIVERS_ASSETS.name, {})
    columns = ("id", "display_name", "image_name", "sort_order")
    found = {}
    for row in Asset.objects.filter(universe=universe).values(*columns) if universe else ():
        key = renamed.get(str(row["id"]), str(row["id"]))
        found[key] = {**row, "id": key}
    return found | {change.id: change.row for change in plan.rows if change.table == UNIVERS_ASSETS.name}


def words(change):
    """The texts of a row that change; of one that comes or goes, all that it says."""
    if change.action == UPDATE:
        pairs = {column: pair for column, pair in change.fields.items() if column not in SILENT}
    else:
        said = {c: v for c, v in change.row.items() if c not in PLAIN and v not in (None, "")}
        pairs = {c: (None, v) if change.action == CREATE else (v, None) for c, v in said.items()}
    named = names_a_language(change.table)
    return [
        Words(label(change, column), *marked(text(a), text(b)), is_name=named)
        for column, (a, b) in pairs.items()
    ]


def names_a_language(table):
    return table in (UNIVERS_TRANSLATIONS.name, UNIVERS_ASSETS_TRANSLATIONS.name)


def label(change, column):
    """The column in an editor's words; a name in a language by that language."""
    if names_a_language(change.table) and column != "language":
        return _("Name in %(language)s") % {"language": Language(change.row["language"]).label}
    table = BY_NAME[change.table]
    name = str(table.model._meta.get_field(table.attribute(column)).verbose_name)
    return name[:1].upper() + name[1:]


def text(value):
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return "" if value is None else str(value)


def reason(plan):
    """Why nobody should start it without having looked, for editors; empty when nothing speaks against it."""
    if not (plan.needs_force() or plan.becomes_private):
        return ""
    cards, files = len(plan.row_changes(DELETE, UNIVERS_ASSETS.name)), len(plan.file_changes(DELETE))
    numbers = {"cards": cards, "files": files, "all_cards": plan.target_cards, "all_files": plan.target_files}
    said = []
    if plan.becomes_private:
        said.append(
            _("It is private, but whoever knows the address of a file in Supabase can open that file.")
        )
    if plan.needs_force() and (cards or files):
        gone = _("It takes away %(cards)s of %(all_cards)s cards and %(files)s of %(all_files)s files.")
        said.append(gone % numbers)
    return " ".join(said)


def summary(plan):
    """What changes in numbers, as a list of short texts; empty when nothing does."""
    whole = {c.id for c in plan.rows if c.table == UNIVERS_ASSETS.name and c.action != UPDATE}
    new, gone = (len(plan.row_changes(action, UNIVERS_ASSETS.name)) for action in (CREATE, DELETE))
    # What comes or goes with its card or universe is not counted by itself.
    comes_or_goes = [c.action for c in plan.rows if c.table == UNIVERS.name and c.action != UPDATE]
    texts = 0 if comes_or_goes else sum(not {c.id, c.row.get("asset_id")} & whole for c in plan.rows)
    files = {action: len(plan.file_changes(action)) for action in (CREATE, UPDATE, DELETE)}
    counted = (
        (new, ngettext("%(number)s new card", "%(number)s new cards", new)),
        (gone, ngettext("%(number)s card removed", "%(number)s cards removed", gone)),
        (texts, ngettext("%(number)s text changed", "%(number)s texts changed", texts)),
        (files[CREATE], ngettext("%(number)s new file", "%(number)s new files", files[CREATE])),
        (files[UPDATE], ngettext("%(number)s file replaced", "%(number)s files replaced", files[UPDATE])),
        (files[DELETE], ngettext("%(number)s file removed", "%(number)s files removed", files[DELETE])),
    )
    universe = [WHOLE_UNIVERSE[action] for action in comes_or_goes]
    return universe + [words % {"number": number} for number, words in counted if number]


def fingerprint(plans, slugs=()):
    """A digest of what plans would do, without times: as long as it is the same, so is what an editor was shown.

    `slugs`: the universes that it is about, for those without a plan.
    """
    said = [list(slugs)] + [
        [
            plan.slug,
            sorted(
                json.dumps([c.table, c.action, _content(c.row), c.fields], sort_keys=True) for c in plan.rows
            ),
            sorted(
                [c.name, c.action, c.file.size, c.file.md5 or c.file.sha256 or c.file.etag]
                for c in plan.files
            ),
        ]
        for plan in plans
    ]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _content(row):
    return {column: value for column, value in row.items() if column not in TIMESTAMPS}
