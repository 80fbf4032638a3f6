"""Songs, as rows within their universe."""

from django.utils.translation import gettext_lazy as _
from unfold.admin import StackedInline
from unfold.decorators import display

from magikswipe.html import song

from .. import media
from ..models import LANGUAGES, MusicPrompt
from ..services import music
from .forms import SongForm
from .progress import files
from .through_services import adopt, author, delete_after_commit


class SongInline(StackedInline):
    model = MusicPrompt
    form = SongForm
    tab = True
    extra = 0
    max_num = len(LANGUAGES)
    show_count = True
    fields = (("language", "player"), "prompt", "lyrics")
    readonly_fields = ("player",)

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("universe")

    def get_count(self, request, obj):
        return obj.music_prompts.count() if obj else 0

    @display(description=_("song"))
    def player(self, prompt):
        universe = prompt.universe
        return song(media.music_url(universe.slug, prompt.language, files(universe)))


def save_songs(universe, formset, request):
    formset.save(commit=False)
    for prompt in formset.deleted_objects:
        delete_after_commit(music.delete, prompt, request)
    for prompt, changed in formset.changed_objects:
        music.update(prompt, **{name: getattr(prompt, name) for name in changed}, author=author(request))
    for prompt in formset.new_objects:
        made = music.create(
            universe,
            language=prompt.language,
            prompt=prompt.prompt,
            lyrics=prompt.lyrics,
            author=author(request),
        )
        adopt(prompt, made)
