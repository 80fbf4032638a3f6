"""Universes, their cards and their songs over REST."""

import io

from django.conf import settings
from django.utils.cache import patch_cache_control
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from api.bodies import declared_size
from api.conditional import conditional
from api.formats import ZIP, ArchiveParser, ClipParser, PictureParser, SongParser
from api.idempotency import IDEMPOTENCY_KEY, idempotency_key
from api.permissions import author, by_address, has_scope, public
from api.roles import READ
from api.schema import ELSEWHERE, medium, takes_file
from storage import serving
from storage.serving import SentFile
from storage.staging import staging

from . import queries, representation
from .errors import NotFound
from .models import Universe
from .serializers import (
    AssetCreateSerializer,
    AssetItemSerializer,
    AssetPatchSerializer,
    AssetSerializer,
    DuplicateSerializer,
    ImportQuery,
    MusicPromptCreateSerializer,
    MusicPromptPatchSerializer,
    MusicPromptSerializer,
    SongFileSerializer,
    UniverseCreateSerializer,
    UniversePageSerializer,
    UniversePatchSerializer,
    UniverseQuery,
    UniverseSerializer,
    VariantSerializer,
)
from .services import assets, copies, exports, imports, music, universes, uploads, variants


def everything(request: Request) -> bool:
    """Whether this caller may see private universes, too."""
    return has_scope(request, READ)


def find(request: Request, slug: str) -> Universe:
    """The universe, if this caller may see it; NotFound else."""
    return universes.find(slug, queries.visible(everything(request)))


# Where files are replaced or taken away.
BUSY = {409: "A sync, or another call, is changing the same files just now; come again in a moment."}


class UniverseViewSet(ViewSet):
    """Universes, newest first, and one with all that belongs to it."""

    fails = BUSY

    @public
    @conditional(UniversePageSerializer, UniverseQuery)
    def list(self, request):
        """A page of universes, newest first unless ordered otherwise. Strangers see the public ones."""
        page = representation.page(everything(request), **UniverseQuery.read(request))
        return page, [item["slug"] for item in page["items"]]

    @extend_schema(request=UniverseCreateSerializer, responses={201: UniverseSerializer})
    def create(self, request):
        """Make a universe. 400 when its slug is taken."""
        universe = universes.create(**UniverseCreateSerializer.read(request))
        return Response(representation.universe(universe.slug), status=201)

    @public
    @conditional(UniverseSerializer)
    def retrieve(self, request, slug):
        """One universe with all that belongs to it."""
        return representation.universe(slug, everything(request)), [slug]

    @extend_schema(request=UniversePatchSerializer, responses=UniverseSerializer)
    def partial_update(self, request, slug):
        """Change a universe. What is not given stays; `translations` replaces all of them; the slug never changes."""
        universe = universes.find(slug)
        universes.update(universe, **UniversePatchSerializer.read(request, universe), author=author(request))
        return Response(representation.universe(slug))

    @extend_schema(responses={204: None})
    def destroy(self, request, slug):
        """Delete a universe and its media. An archived revision keeps both."""
        universes.delete(universes.find(slug), author(request))
        return Response(status=204)

    @extend_schema(
        request=DuplicateSerializer, parameters=[IDEMPOTENCY_KEY], responses={201: UniverseSerializer}
    )
    def duplicate(self, request, slug):
        """Make a copy with all cards, names, prompts, songs and files. It starts private. 400 for a taken slug."""
        wanted = {key: value or "" for key, value in DuplicateSerializer.read(request).items()}
        copy = copies.duplicate(universes.find(slug), **wanted, once=idempotency_key(request))
        return Response(representation.universe(copy.slug), status=201)

    @extend_schema(responses=medium("Rows and media, as a zip file.", kinds=[ZIP]))
    def export(self, request, slug):
        """One universe as a single archive, which any installation can import. 409 when it does not hold still."""
        file, name = exports.open_export(slug), exports.file_name(slug)
        return SentFile(file, as_attachment=True, filename=name, content_type=ZIP).begin()


@extend_schema_view(
    retrieve=extend_schema(exclude=True),
    partial_update=extend_schema(exclude=True),
    destroy=extend_schema(exclude=True),
)
class ImportViewSet(UniverseViewSet):
    """A universe from an archive; any other method concerns the universe whose slug is `import`."""

    def get_parsers(self):
        # The schema is made without a request.
        is_import = self.request and self.request.method == "POST"
        return [ArchiveParser()] if is_import else super().get_parsers()

    @extend_schema(
        parameters=[ImportQuery],
        request=takes_file(ZIP),
        responses={201: UniverseSerializer},
    )
    def load(self, request, slug):
        """Make a universe of an exported archive: all of it or nothing. 400 when the slug is taken.

        413 beyond IMPORT_MAX_MB; 422 when the archive is broken or not to be trusted.
        """
        wanted = ImportQuery.read(request)["slug"]
        imports.check_size(declared_size(request))
        with staging() as folder:
            # A body of no bytes has been parsed to an empty dict.
            imports.receive(request.data or io.BytesIO(), folder / "archive")
            universe = imports.load(folder / "archive", wanted)
        return Response(representation.universe(universe.slug), status=201)


class AssetViewSet(ViewSet):
    """The cards of a universe, in their order."""

    fails = BUSY

    @public
    @conditional(AssetItemSerializer(many=True))
    def list(self, request, slug):
        """The cards of a universe, in their order."""
        return representation.cards(slug, everything(request)), [slug]

    @extend_schema(request=AssetCreateSerializer, responses={201: AssetSerializer})
    def create(self, request, slug):
        """Make a card with a file name of its own; without an order it comes last."""
        universe = universes.find(slug)
        asset = assets.create(universe, **AssetCreateSerializer.read(request), author=author(request))
        return Response(representation.card(asset), status=201)

    @public
    @extend_schema(responses=AssetSerializer)
    def retrieve(self, request, slug, asset_id):
        """One card with its prompts and names."""
        return Response(representation.card(assets.find(find(request, slug), asset_id)))

    @extend_schema(request=AssetPatchSerializer, responses=AssetSerializer)
    def partial_update(self, request, slug, asset_id):
        """Change a card. What is not given stays; the files keep their names."""
        asset = assets.find(universes.find(slug), asset_id)
        assets.update(asset, **AssetPatchSerializer.read(request, asset), author=author(request))
        return Response(representation.card(asset))

    @extend_schema(responses={204: None})
    def destroy(self, request, slug, asset_id):
        """Delete a card, its picture and its clip."""
        assets.delete(assets.find(universes.find(slug), asset_id), author(request))
        return Response(status=204)


class MusicPromptViewSet(ViewSet):
    """Lyrics and style of a universe's song in each language."""

    fails = BUSY

    @public
    @conditional(MusicPromptSerializer(many=True))
    def list(self, request, slug):
        """The songs that are written, one for each language at most."""
        return representation.songs(slug, everything(request)), []

    @extend_schema(request=MusicPromptCreateSerializer, responses={201: MusicPromptSerializer})
    def create(self, request, slug):
        """Write a song prompt. 400 when the language has one already."""
        universe = universes.find(slug)
        song = music.create(universe, **MusicPromptCreateSerializer.read(request), author=author(request))
        return Response(representation.song(song), status=201)

    @public
    @extend_schema(responses=MusicPromptSerializer)
    def retrieve(self, request, slug, language):
        """The song prompt of a language."""
        return Response(representation.song(music.find(find(request, slug), language)))

    @extend_schema(request=MusicPromptPatchSerializer, responses=MusicPromptSerializer)
    def partial_update(self, request, slug, language):
        """Change what is sung in a language. What is not given stays; a song that was sung already stays as it is."""
        song = music.find(universes.find(slug), language)
        music.update(song, **MusicPromptPatchSerializer.read(request, song), author=author(request))
        return Response(representation.song(song))

    @extend_schema(responses={204: None})
    def destroy(self, request, slug, language):
        """Delete what is sung in a language, and its song."""
        music.delete(music.find(universes.find(slug), language), author(request))
        return Response(status=204)


def body(request, most_mb):
    """A file that is the whole body, as something to read from; TooLarge before any of it is read."""
    uploads.check_size(declared_size(request), most_mb)
    # A body of no bytes has been parsed to an empty dict.
    return request.data or io.BytesIO()


class CardFileViewSet(ViewSet):
    """Uploads of a card's files."""

    fails = BUSY

    def _take(self, request, slug, asset_id, take, most_mb):
        universe = universes.find(slug)
        asset = assets.find(universe, asset_id)
        take(universe, asset, body(request, most_mb), author(request))
        return Response(representation.card(asset))


class PictureViewSet(CardFileViewSet):
    """A card's picture."""

    parser_classes = [PictureParser]

    @extend_schema(request=takes_file("image/*"), responses=AssetSerializer)
    def upload(self, request, slug, asset_id):
        """Upload a card's picture. Any usual format; it becomes a PNG of 4096 pixels a side at most.

        The former one stays as a variant. 413 beyond UPLOAD_MAX_MB; 422 for what is no whole picture.
        """
        return self._take(request, slug, asset_id, uploads.picture, settings.UPLOAD_MAX_MB)


class ClipViewSet(CardFileViewSet):
    """A card's clip."""

    parser_classes = [ClipParser]

    @extend_schema(request=takes_file("video/*"), responses=AssetSerializer)
    def upload(self, request, slug, asset_id):
        """Upload a card's clip. As a phone or tablet records it; it becomes an MP4 (H.264).

        The former one stays as a variant. 413 beyond UPLOAD_CLIP_MAX_MB; 422 for what is no whole clip.
        """
        return self._take(request, slug, asset_id, uploads.clip, settings.UPLOAD_CLIP_MAX_MB)


class SongViewSet(ViewSet):
    """A universe's song in a language."""

    fails = BUSY

    parser_classes = [SongParser]

    @extend_schema(request=takes_file("audio/*"), responses=SongFileSerializer)
    def upload(self, request, slug, language):
        """Upload a song. Any usual format; it becomes an MP3.

        The former one stays as a variant. 413 beyond UPLOAD_MAX_MB; 422 for what is no whole song.
        """
        universe = universes.find(slug)
        uploads.song(universe, language, body(request, settings.UPLOAD_MAX_MB), author(request))
        return Response(representation.song_file(universe, language))


class ThumbnailViewSet(ViewSet):
    """A universe's thumbnail."""

    fails = BUSY

    parser_classes = [PictureParser]

    @extend_schema(request=takes_file("image/*"), responses=UniverseSerializer)
    def upload(self, request, slug):
        """Upload a universe's thumbnail. It becomes a JPEG of 512 pixels a side at most.

        A `thumbnail_url` that it had is emptied. 413 beyond UPLOAD_MAX_MB; 422 for what is no whole picture.
        """
        universe = universes.find(slug)
        uploads.thumbnail(universe, body(request, settings.UPLOAD_MAX_MB), author(request))
        return Response(representation.universe(slug))


BYTES = "The file; Range and ETag as for media."


class VariantViewSet(ViewSet):
    """The variants of `found`, as a list and as files."""

    fails = BUSY

    def _list(self, request, found):
        return Response(representation.variants(found, request.path))

    def _serve(self, request, slug, found, sha256):
        variant = variants.find(found, sha256)
        if variant.present:
            response = serving.serve(request, slug, variant.name)
        else:
            response = serving.serve_archived(request, sha256, variant.name)
        if not response:
            raise NotFound("The variant was not found; it went meanwhile.")
        patch_cache_control(response, private=True)
        return response


class CardVariantViewSet(VariantViewSet):
    """The present and the earlier pictures and clips of a card."""

    @extend_schema(responses=VariantSerializer(many=True))
    def list(self, request, slug, asset_id):
        """The pictures and clips of a card.

        The present ones, and the earlier ones that the archive still has, the last replaced first.
        """
        return self._list(request, variants.of_card(assets.find(universes.find(slug), asset_id)))

    @by_address
    @extend_schema(responses=medium(BYTES, kinds=("image/png", "video/mp4")) | ELSEWHERE)
    def retrieve(self, request, slug, asset_id, sha256):
        """The bytes of a picture or clip."""
        asset = assets.find(universes.find(slug), asset_id)
        return self._serve(request, slug, variants.of_card(asset), sha256)

    @extend_schema(request=None, responses=AssetSerializer)
    def choose(self, request, slug, asset_id, sha256):
        """Put an earlier picture or clip back. What it replaces becomes a variant; the present one may be chosen."""
        asset = assets.find(universes.find(slug), asset_id)
        variants.choose(asset, sha256, author(request))
        return Response(representation.card(asset))


class SongVariantViewSet(VariantViewSet):
    """The present and the earlier songs of a language."""

    @extend_schema(responses=VariantSerializer(many=True))
    def list(self, request, slug, language):
        """The songs of a language.

        The present one, and the earlier ones that the archive still has, the last replaced first.
        """
        return self._list(request, variants.of_song(universes.find(slug), language))

    @by_address
    @extend_schema(responses=medium(BYTES, kinds=("audio/mpeg",)) | ELSEWHERE)
    def retrieve(self, request, slug, language, sha256):
        """The bytes of a song."""
        return self._serve(request, slug, variants.of_song(universes.find(slug), language), sha256)

    @extend_schema(request=None, responses=SongFileSerializer)
    def choose(self, request, slug, language, sha256):
        """Put an earlier song back; what it replaces becomes a variant. The present one may be chosen."""
        universe = universes.find(slug)
        variants.choose_song(universe, language, sha256, author(request))
        return Response(representation.song_file(universe, language))
