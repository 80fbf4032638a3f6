"""Forms that show a universe or a card with its names and prompts, and tell what a person changed in them."""

import re

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminColorInputWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from storage import signed_urls
from universes import media
from universes.models import Language, Universe
from universes.names import SLUG_LENGTH, is_slug, is_url, slug_of, typed_name
from universes.services import edits

from .tabs import autosave

BREAK = re.compile(r"\r\n|\r|\n")
SAVE_AGAIN = _("Save again to put yours in its place.")
CONCEPT_HELP = _("{concept} stands for the card's name.")


def name_field(language):
    return f"name_{language}"


class LineField(forms.CharField):
    """One line of text. Sent back as it was shown it is not changed, whatever a sync brought that no input holds."""

    def has_changed(self, initial, data):
        return BREAK.sub("", initial or "") != (data or "")


class ColourField(LineField):
    """A colour; browsers write #RRGGBB in small letters (https://html.spec.whatwg.org/#color-state-(type=color))."""

    def has_changed(self, initial, data):
        return super().has_changed((initial or "").lower(), (data or "").lower())


class TextField(forms.CharField):
    """A text of lines: kept as it was typed, with the line ends that are stored; blank is empty."""

    def __init__(self, **options):
        super().__init__(**options, strip=False, required=False)

    def to_python(self, value):
        text = one_line_end(super().to_python(value))
        return text if text.strip() else ""

    def has_changed(self, initial, data):
        return one_line_end(initial or "") != one_line_end(data or "")


def line(label, kind=LineField, **options):
    """A field of one line of text that may stay empty."""
    return kind(label=label, required=False, widget=UnfoldAdminTextInputWidget(), **options)


class NameField(forms.CharField):
    """A name of a universe or card as the API takes it: without invisible characters."""

    def to_python(self, value):
        return typed_name(super().to_python(value))

    def has_changed(self, initial, data):
        """Nobody changed a name that a sync brought with such characters by sending it back."""
        return super().has_changed(typed_name(initial or ""), data)


def name_line(label, **options):
    """A field of a name."""
    return NameField(label=label, widget=UnfoldAdminTextInputWidget(attrs={"dir": "auto"}), **options)


class Paragraph(UnfoldAdminTextareaWidget):
    """A textarea that shows all of its text: a browser drops a line break right after the tag, and Django writes one.

    https://html.spec.whatwg.org/#element-restrictions
    """

    template_name = forms.Textarea.template_name


def paragraph(label, rows=3, **options):
    widget = Paragraph(attrs={"rows": rows})
    return TextField(label=label, widget=widget, **options)


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
    return BREAK.sub("\n", text)


class UniverseForm(StoredForm, NameFields):
    prompts = edits.UNIVERSE_PROMPTS

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
    background_color = line(_("Background colour"), ColourField, initial="#1a1a2e")
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
            for conflict in edits.conflicts(self.instance, self.typed(), self.seen()):
                self.seen_now[conflict.field] = conflict.theirs
                self.add_error(conflict.field, f"{autosave.sentence(conflict)} {SAVE_AGAIN}")
        return super().clean()

    def typed(self):
        """`{field: text}` of what somebody changed, as `edits.words` names and writes it."""
        changed = {name: self.cleaned_data[name] for name in self.changed_data if name in self.cleaned_data}
        return {name: text_of(value) for name, value in changed.items() if self._is_touched(name)}

    def _is_touched(self, name):
        """Whether the page sent something else than it showed; the slug never changes."""
        return name in self.seen() and self.fields[name].has_changed(self.seen()[name], self[name].data)

    def seen(self):
        """`{field: text}` that the page showed: as it is now, for a page that is shown for the first time."""
        if not hasattr(self, "seen_now"):
            now = edits.words(self.instance)
            self.seen_now = {
                name: one_line_end(self.data.get(f"{autosave.SEEN}{name}", now[name])) for name in now
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
        """Empty for the address of what stands in for an empty one."""
        address = self._address("thumbnail_url")
        return "" if media.is_fallback(self.instance.slug, address) else address

    def clean_background_music(self):
        return self._address("background_music")

    def _address(self, field):
        """An address, without the signature that the page has shown a file of ours with: it expires."""
        text = self.cleaned_data[field]
        if not text or is_url(text) or text == getattr(self.instance, field):
            return signed_urls.unsigned(text)
        raise forms.ValidationError(_("Use an address of http or https, or a path."))


def is_plain_colour(text):
    text = text or ""
    return len(text) == 7 and text[0] == "#" and all(c in "0123456789abcdefABCDEF" for c in text[1:])
