"""Generation over REST: words at once, files as jobs."""

from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from api.fields import Body
from api.idempotency import IDEMPOTENCY_KEY, idempotency_key
from api.permissions import author, needs
from api.roles import GENERATE
from api.schema import ErrorSerializer
from jobs import representation
from jobs.models import Job
from jobs.serializers import TYPES, JobStartedSerializer
from universes.errors import NotFound
from universes.models import LANGUAGES
from universes.services import concepts, universes

from . import estimates, services, spending, webhooks
from .serializers import (
    ESTIMATE,
    AppliedSerializer,
    ApplyBody,
    CardsBody,
    ConceptsBody,
    ConceptsSerializer,
    CostsQuery,
    CostsSerializer,
    GapsBody,
    GapsSerializer,
    GenerateAllBody,
    IdeasBody,
    LyricsBody,
    LyricsSerializer,
    MusicBody,
    NamesBody,
    ReceivedSerializer,
    TranslateBody,
    TranslatedLyricsBody,
    TranslatedSerializer,
)

View = TypeVar("View", bound=Callable[..., Response])
GAPS = PolymorphicProxySerializer(
    component_name="GapsAnswer",
    serializers={ESTIMATE: GapsSerializer, **dict.fromkeys(TYPES, JobStartedSerializer)},
    resource_type_field_name="type",
)


def starts(body: type[Body], responses: Any = JobStartedSerializer) -> Callable[[View], View]:
    """For a view that starts a paid job: its body, its answer and the key that keeps it from starting twice."""
    documented = extend_schema(request=body, parameters=[IDEMPOTENCY_KEY], responses=responses)
    return lambda view: needs(GENERATE)(documented(view))


def whose(request: Request) -> dict[str, Any]:
    """The person who starts a job, and the key of the click."""
    return {"author": author(request), "once": idempotency_key(request)}


def rendered(job: Job) -> Response:
    return Response(representation.job(job))


class WordsViewSet(ViewSet):
    """Words that a language model writes within the request."""

    asks = "Replicate"
    fails = {
        400: "A text is too long for the model.",
        409: "What is left of this month's SPEND_LIMIT_MONTHLY does not pay for it.",
    }

    @needs(GENERATE)
    @extend_schema(request=ConceptsBody, responses=ConceptsSerializer)
    def concepts(self, request: Request, slug: str) -> Response:
        """Things that belong to a theme, named in five languages. Nothing is stored."""
        universes.find(slug)
        names, translations = services.concepts(**ConceptsBody.read(request), univers_slug=slug)
        return Response({"concepts": names, "translations": translations})

    @extend_schema(request=ApplyBody, responses=AppliedSerializer)
    def apply(self, request: Request, slug: str) -> Response:
        """Make the concepts the universe's cards. What they replace stays as a revision."""
        universe = universes.find(slug)
        body = ApplyBody.read(request)
        cards = concepts.apply(universe, body["concepts"], body.get("translations") or {}, author(request))
        message = f"{len(cards)} {'asset' if len(cards) == 1 else 'assets'} created in '{slug}'."
        return Response({"success": True, "message": message, "asset_count": len(cards)})

    @needs(GENERATE)
    @extend_schema(request=LyricsBody, responses=LyricsSerializer)
    def lyrics(self, request: Request, slug: str, language: str) -> Response:
        """French lyrics in another language, line by line. Nothing is stored."""
        universes.find(slug)
        if language not in LANGUAGES:
            raise NotFound(f"Language '{language[:20]}' not found; use one of {', '.join(LANGUAGES)}.")
        body = LyricsBody.read(request)
        return Response({"lyrics": services.translate_lyrics(body["lyrics"], language, slug)})

    @needs(GENERATE)
    @extend_schema(request=TranslateBody, responses=TranslatedSerializer)
    def translate(self, request: Request) -> Response:
        """A text in another language; its line breaks stay."""
        return Response({"translated": services.translate_text(**TranslateBody.read(request))})


class JobsViewSet(ViewSet):
    """Orders that start a job. When another job is at all of it already, that one is the answer."""

    asks = "Replicate"
    fails = {
        400: "There is nothing to make it from, a text is too long or too short for the model, or the "
        "Idempotency-Key was used for something else.",
        409: "What is left of this month's SPEND_LIMIT_MONTHLY does not pay for it.",
    }

    @starts(CardsBody)
    def images(self, request: Request, slug: str) -> Response:
        """Draw cards. The universe must have some."""
        universe = universes.find(slug)
        return rendered(services.start_images(universe, **CardsBody.read(request), **whose(request)))

    @starts(CardsBody)
    def videos(self, request: Request, slug: str) -> Response:
        """Animate cards from their pictures. At least one of the chosen cards must have one."""
        universe = universes.find(slug)
        return rendered(services.start_videos(universe, **CardsBody.read(request), **whose(request)))

    @starts(MusicBody)
    def music(self, request: Request, slug: str) -> Response:
        """Sing the stored lyrics. Where a language has none, the job writes them first and stores them."""
        universe = universes.find(slug)
        body = MusicBody.read(request)
        languages = list(dict.fromkeys(body.get("languages") or [body["language"]]))
        style = body.get("style") or ""
        return rendered(services.start_music(universe, languages, style=style, **whose(request)))

    @starts(GenerateAllBody)
    def all(self, request: Request, slug: str) -> Response:
        """From a theme to cards, pictures, clips and songs."""
        universe = universes.find(slug)
        return rendered(services.start_all(universe, **GenerateAllBody.read(request), **whose(request)))

    @starts(NamesBody)
    def names(self, request: Request, slug: str) -> Response:
        """Name cards in the languages in which they have no name; what is written stays."""
        universe = universes.find(slug)
        return rendered(services.start_names(universe, **NamesBody.read(request), **whose(request)))

    @starts(IdeasBody)
    def ideas(self, request: Request, slug: str) -> Response:
        """Think up cards that the universe does not have. The job's result has them; nothing is stored."""
        universes.find(slug)
        return rendered(services.start_ideas(slug, **IdeasBody.read(request), **whose(request)))

    # Another operation has this path's words already: it ends with a language.
    @extend_schema(operation_id="generate_stored_lyrics")
    @starts(TranslatedLyricsBody)
    def lyrics(self, request: Request, slug: str) -> Response:
        """Translate the stored lyrics of a language into others. It must have some."""
        universe = universes.find(slug)
        body = TranslatedLyricsBody.read(request)
        job = services.start_lyrics(universe, body.pop("languages"), **body, **whose(request))
        return rendered(job)

    @starts(GapsBody, GAPS)
    def gaps(self, request: Request, slug: str) -> Response:
        """Make what is missing of some kinds. With `dry_run`, tell what that would be and cost."""
        universe = universes.find(slug)
        body, click = GapsBody.read(request), whose(request)
        kinds, theme = body.get("kinds"), body["theme"]
        if body["dry_run"]:
            return Response(_estimated(estimates.gaps(universe, kinds, theme)))
        return rendered(services.start_gaps(universe, kinds, theme=theme, **click))


def _estimated(found: estimates.GapsEstimate) -> Any:
    kinds = [{"kind": kind, "number": told.number, "cost": told.cost} for kind, told in found.kinds.items()]
    answer = {
        "type": ESTIMATE,
        "kinds": kinds,
        "total": found.total,
        "left_out": found.left_out,
    }
    return GapsSerializer(answer).data


class CostsViewSet(ViewSet):
    """The costs of generating."""

    @extend_schema(parameters=[CostsQuery], responses=CostsSerializer)
    def retrieve(self, request: Request) -> Response:
        """A month's spending (UTC), this month's unless another is asked for, in US dollars."""
        return Response(CostsSerializer(spending.report(CostsQuery.read(request)["month"])).data)


class WebhookView(APIView):
    """The end of a prediction, told by Replicate and signed by it, so that it needs no login."""

    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        request=OpenApiTypes.OBJECT,
        responses={200: ReceivedSerializer, 401: ErrorSerializer},
        operation_id="generate_webhook",
    )
    def post(self, request: Request) -> Response:
        """A prediction ended, says Replicate; 401 unless it signed that within five minutes."""
        webhooks.receive(dict(request.headers), request.body)
        return Response({"received": True})
