"""Forms that show a universe or a card with its names and prompts, and tell what a person changed in them."""

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminColorInputWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from ..models import Asset, Language, Universe
from ..names import SLUG_LENGTH, is_address, is_slug, slug_of, typed_name
from ..services import assets, editing, edits, universes
from .studio import saving

SMALLEST_ORDER, LARGEST_ORDER = -assets.LARGEST_ORDER - 1, assets.LARGEST_ORDER
SAVE_AGAIN = _("Save again to put yours in its place.")
CONCEPT_HELP = _("{concept} stands for the card's name.")


def name_field(language):
    return f"name_{language}"


def line(label, **options):
    """A field of one line of text that may stay empty."""
    return forms.CharField(label=label, required=False, widget=UnfoldAdminTextInputWidget(), **options)


class NameField(forms.CharField):
    """What a universe or a card is called, as the API takes it: without characters that nobody sees."""

    def to_python(self, value):
        return typed_name(super().to_python(value))

    def has_changed(self, initial, data):
        """Nobody changed a name that a sync brought with such characters by sending it back."""
        return super().has_changed(typed_name(initial or ""), data)


def name_line(label, **options):
    """A field of a name."""
    return NameField(label=label, widget=UnfoldAdminTextInputWidget(), **options)


def paragraph(label, rows=3, **options):
    widget = UnfoldAdminTextareaWidget(attrs={"rows": rows})
    return forms.CharField(label=label, required=False, widget=widget, **options)


def order_field():
    return forms.IntegerField(
        label=_("Order"),
        required=False,
        min_value=SMALLEST_ORDER,
        max_value=LARGEST_ORDER,
        help_text=_("Empty: the last."),
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric"}),
    )


NAME_FIELDS = {
    name_field(language): name_line(capfirst(language.label), required=False) for language in Language
}
# A form's metaclass takes the fields out of what it is given.
NameFields = type("NameFields", (forms.Form,), {**NAME_FIELDS})


class StoredForm(forms.ModelForm):
    """A form over a row and what hangs on it: `stored` reads the latter, `changes` is what a service takes."""

    prompts = ()

    def __init__(self, *args, instance=None, initial=None, **kwargs):
        if instance and not instance._state.adding:
            initial = {**self.stored(instance), **(initial or {})}
        super().__init__(*args, instance=instance, initial=initial, **kwargs)
        keep_nulls(self)

    def stored(self, instance):
        prompts = getattr(instance, "prompts", None)
        self.names_before = self.names_of(instance)
        values = {name_field(language): name for language, name in self.names_before.items()}
        return values | {name: getattr(prompts, name, None) for name in self.prompts}

    def names(self):
        """`{language: name}` as it should be; a row without a name that nobody touched stays."""
        names = dict(getattr(self, "names_before", {}))
        for language in Language.values:
            if name_field(language) in self.changed_data:
                names[language] = self.cleaned_data[name_field(language)]
        return {k: v for k, v in names.items() if v or name_field(k) not in self.changed_data}

    def changes(self):
        """`{field: value}` of what changed, for the service; an emptied text is None."""
        changed = {name: self.cleaned_data[name] for name in self.changed_data if name not in NAME_FIELDS}
        changed = {name: None if value == "" else value for name, value in changed.items()}
        if set(self.changed_data) & set(NAME_FIELDS):
            changed["translations"] = self.names()
        return changed


def keep_nulls(form):
    """Let a value that Supabase left empty stay so: nobody should have to fill it to save something else."""
    for name, field in form.fields.items():
        if form.instance.pk and not form.instance._state.adding and getattr(form.instance, name, "") is None:
            field.required = False


def text_of(value):
    return "" if value is None else one_line_end(str(value))


def one_line_end(text):
    """A text with the line ends that are stored; browsers send others."""
    return text.replace("\r\n", "\n")


class UniverseForm(StoredForm, NameFields):
    prompts = universes.PROMPTS

    name = name_line(_("Name"))
    slug = line(
        _("Slug"), help_text=_("Names the media folder and never changes; made from the name when empty.")
    )
    is_public = forms.BooleanField(
        label=_("Public"),
        required=False,
        initial=True,
        widget=UnfoldBooleanSwitchWidget(),
        help_text=_("Children see it in the app once it is pushed."),
    )
    background_color = line(_("Background colour"), initial="#1a1a2e")
    background_music = line(_("Background music"))
    thumbnail_url = line(_("Thumbnail address"), help_text=_("Empty: the thumbnail in the media folder."))
    default_image_prompt = paragraph(_("Picture prompt"), help_text=CONCEPT_HELP)
    default_video_prompt = paragraph(_("Clip prompt"), help_text=CONCEPT_HELP)

    class Meta:
        model = Universe
        fields = ["name", "slug", "is_public", "background_color", "background_music", "thumbnail_url"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # A colour input can show nothing but #rrggbb; any other text keeps a field of text.
        if is_plain_colour(self.initial.get("background_color", "#1a1a2e")):
            self.fields["background_color"].widget = UnfoldAdminColorInputWidget()

    def names_of(self, universe):
        return dict(universe.translations.values_list("language", "name"))

    def clean(self):
        """Refuse what would replace words that somebody else wrote since the page was shown; it says whose."""
        if not self.instance._state.adding:
            for conflict in editing.conflicts(self.instance, self.typed(), self.seen()):
                self.seen_now[conflict.field] = conflict.theirs
                self.add_error(conflict.field, f"{saving.sentence(conflict)} {SAVE_AGAIN}")
        return super().clean()

    def typed(self):
        """`{field: text}` of what differs from what is stored, as `edits.words` names and writes it."""
        changed = {name: self.cleaned_data[name] for name in self.changed_data if name in self.cleaned_data}
        return {name: text_of(value) for name, value in changed.items() if name != "slug"}

    def seen(self):
        """`{field: text}` that the page showed: as it is now, for a page that is shown for the first time."""
        if not hasattr(self, "seen_now"):
            now = edits.words(self.instance)
            self.seen_now = {
                name: one_line_end(self.data.get(f"{saving.SEEN}{name}", now[name])) for name in now
            }
        return self.seen_now

    def clean_slug(self):
        slug = self.cleaned_data["slug"] or slug_of(self.cleaned_data.get("name", ""))
        # Where nothing is left of the name, the service finds one that is free.
        if slug and not is_slug(slug):
            raise forms.ValidationError(
                _("Use the letters a to z and digits, joined by single - or _, %(most)s characters at most."),
                params={"most": SLUG_LENGTH},
            )
        return slug

    def clean_thumbnail_url(self):
        return self._address("thumbnail_url")

    def clean_background_music(self):
        return self._address("background_music")

    def _address(self, field):
        text = self.cleaned_data[field]
        if not text or is_address(text) or text == getattr(self.instance, field):
            return text
        raise forms.ValidationError(_("Use an address of http or https, or a path."))


def is_plain_colour(text):
    text = text or ""
    return len(text) == 7 and text[0] == "#" and all(c in "0123456789abcdefABCDEF" for c in text[1:])


class AssetForm(StoredForm, NameFields):
    prompts = assets.PROMPTS

    display_name = name_line(_("Name"))
    sort_order = order_field()
    custom_image_prompt = paragraph(
        _("Own picture prompt"),
        help_text=_("Wins over the universe's; {concept} stands for the card's name."),
    )
    custom_video_prompt = paragraph(
        _("Own clip prompt"), help_text=_("Wins over the universe's; {concept} stands for the card's name.")
    )

    class Meta:
        model = Asset
        fields = ["universe", "display_name", "sort_order"]
        labels = {"universe": _("Universe")}

    def names_of(self, asset):
        return dict(asset.translations.values_list("language", "display_name"))
