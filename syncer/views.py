"""Syncs over REST. They answer when the sync has ended, or at once with its job if `background` is set."""

from collections.abc import Callable
from typing import Any, Protocol

from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.viewsets import ViewSet

from api.fields import Body, page
from api.permissions import author, needs
from api.roles import PUBLISH
from jobs import representation
from jobs.models import Job
from jobs.serializers import TYPES, JobStartedSerializer
from universes.services import revisions, universes

from . import drift, services
from .plan import Plan
from .serializers import (
    REFUSED,
    REPORT,
    RevisionPageSerializer,
    RevisionQuery,
    RevisionSerializer,
    StatusQuery,
    StatusSerializer,
    SyncAllSerializer,
    SyncBody,
    SyncQuery,
    SyncSerializer,
    UnpublishBody,
)
from .services import Failed
from .sync import Result

Json = dict[str, Any]


class Start(Protocol):
    def __call__(self, subject: str, /, *, force: bool, author: str) -> Job: ...


class StartAll(Protocol):
    def __call__(self, *, force: bool, author: str) -> tuple[Job, list[str], Failed]: ...


def or_job(serializer: type[Serializer[Any]], name: str) -> PolymorphicProxySerializer:
    return PolymorphicProxySerializer(
        component_name=name,
        serializers={REPORT: serializer, **dict.fromkeys(TYPES, JobStartedSerializer)},
        resource_type_field_name="type",
    )


ONE = or_job(SyncSerializer, "SyncAnswer")
ALL = or_job(SyncAllSerializer, "SyncAllAnswer")

SYNCED = "'{slug}' is synced: {changes} rows and files changed."
RESTORED = "'{slug}' is restored: {changes} rows and files changed."
UNPUBLISHED = "'{slug}' is unpublished: {changes} rows and files were taken out of Supabase."


class SyncViewSet(ViewSet):
    """Syncs of universes with Supabase; the source overwrites the target."""

    asks = "Supabase"

    @extend_schema(parameters=[StatusQuery], responses=StatusSerializer)
    def status(self, request: Request) -> Response:
        """Whether Supabase answers. With `diff`, the differences of each universe."""
        diff = StatusQuery.read(request)["diff"]
        return Response({**services.status(), **({"universes": drift.overview()} if diff else {})})

    @needs(PUBLISH)
    @extend_schema(request=SyncBody, parameters=[SyncQuery], responses={200: ALL, 409: REFUSED})
    def init(self, request: Request) -> Response:
        """Pull all of Supabase, for a fresh installation. Universes that are only here stay."""
        return self._all(request, services.start_init)

    @needs(PUBLISH)
    @extend_schema(request=SyncBody, parameters=[SyncQuery], responses={200: ALL, 409: REFUSED})
    def pull_all(self, request: Request) -> Response:
        """Pull all of Supabase. Universes that are only here stay."""
        return self._all(request, services.start_pull_all)

    @needs(PUBLISH)
    @extend_schema(request=SyncBody, parameters=[SyncQuery], responses={200: ONE, 409: REFUSED})
    def pull(self, request: Request, slug: str) -> Response:
        """Make a universe here equal to Supabase. 409 when most of it would go, unless forced."""
        return self._one(request, slug, SyncBody, _start_pull, services.plan_pull)

    @needs(PUBLISH)
    @extend_schema(request=SyncBody, parameters=[SyncQuery], responses={200: ONE, 409: REFUSED})
    def push(self, request: Request, slug: str) -> Response:
        """Make a universe in Supabase equal to here. 409 when most of it would go, unless forced.

        A private universe stays private there; `message` and `reports` say that whoever knows the address of one of
        its files can open it.
        """
        universes.find(slug)
        return self._one(request, slug, SyncBody, _start_push, services.plan_push)

    @needs(PUBLISH)
    @extend_schema(request=UnpublishBody, parameters=[SyncQuery], responses={200: ONE, 409: REFUSED})
    def unpublish(self, request: Request, slug: str) -> Response:
        """Take a universe and its media out of Supabase; everything here stays. Needs `force`."""
        start, plan = services.start_unpublish, services.plan_unpublish
        return self._one(request, slug, UnpublishBody, start, plan, UNPUBLISHED)

    @needs(PUBLISH)
    @extend_schema(request=SyncBody, parameters=[SyncQuery], responses={200: ONE, 409: REFUSED})
    def restore(self, request: Request, revision_id: str) -> Response:
        """Make a universe equal to a revision. All that is replaced becomes a revision, which undoes the restore.

        409 when most of it would go, unless forced, and when an archived file is gone.
        """
        revisions.find(revision_id)
        return self._one(
            request, revision_id, SyncBody, services.start_restore, services.plan_restore, RESTORED
        )

    def _one(
        self,
        request: Request,
        subject: str,
        body: type[Body],
        start: Start,
        plan: Callable[[str], Plan],
        sentence: str = SYNCED,
    ) -> Response:
        """Plan or sync one universe; `subject`: its slug, or a revision's id."""
        asked, background = body.read(request), SyncQuery.read(request)["background"]
        if asked["dry_run"]:
            return Response(_planned(plan(subject)))
        job = start(subject, force=asked["force"], author=author(request))
        if background:
            return Response(representation.job(job))
        report = services.finish(job)
        return Response(_one_done(report.only(), report.notes, sentence))

    def _all(self, request: Request, start: StartAll) -> Response:
        asked, background = SyncBody.read(request), SyncQuery.read(request)["background"]
        if asked["dry_run"]:
            return Response(_all_planned(*services.plan_pull_all()))
        job, notes, failed = start(force=asked["force"], author=author(request))
        if background:
            return Response(representation.job(job))
        return Response(_all_done(services.finish(job, notes, failed)))


class RevisionViewSet(ViewSet):
    """Revisions of replaced or deleted rows and files; each can be restored."""

    @extend_schema(parameters=[RevisionQuery], responses=RevisionPageSerializer)
    def list(self, request: Request) -> Response:
        """A page of revisions, newest first, without their rows."""
        query = RevisionQuery.read(request)
        found = page(revisions.listing(query["univers_slug"]), query["skip"], query["limit"])
        return Response(RevisionPageSerializer(found).data)

    @extend_schema(responses=RevisionSerializer)
    def retrieve(self, request: Request, revision_id: str) -> Response:
        """One revision with its rows."""
        return Response(RevisionSerializer(revisions.find(revision_id)).data)


def _start_pull(slug: str, /, *, force: bool, author: str) -> Job:
    return services.start_pull([slug], force=force, author=author)


def _start_push(slug: str, /, *, force: bool, author: str) -> Job:
    return services.start_push([slug], force=force, author=author)


def _planned(plan: Plan) -> Json:
    message = str(plan.needs_force()) or (
        "Nothing to do." if plan.is_empty else f"{plan.size} changes to make."
    )
    return {
        "type": REPORT,
        "success": True,
        "message": " ".join(filter(None, (message, plan.exposure()))),
        "synced_items": 0,
        "errors": [],
        "reports": plan.reports,
        "notes": plan.reports,
        "plan": plan.to_dict(),
    }


def _one_done(result: Result, notes: list[str], sentence: str) -> Json:
    changes = result["changes"]
    message = (
        sentence.format(slug=result["slug"], changes=changes)
        if changes or sentence == UNPUBLISHED
        else "Nothing to do."
    )
    # Steps of an earlier version have no exposure.
    message = " ".join(filter(None, (message, result.get("exposure"))))
    return {
        "type": REPORT,
        "success": True,
        "message": message,
        "synced_items": changes,
        "errors": [],
        "reports": notes,
        "notes": notes,
    }


def _all_planned(plans: list[Plan], notes: list[str], failed: Failed) -> Json:
    changes = sum(plan.size for plan in plans)
    return {
        "type": REPORT,
        "success": not failed,
        "message": f"{changes} changes to make in {len(plans)} universes." if changes else "Nothing to do.",
        "universes_synced": 0,
        "assets_synced": 0,
        "files_downloaded": 0,
        "errors": [f"{slug}: {error}" for slug, error in failed.items()],
        "reports": notes,
        "notes": notes,
        "plans": [plan.to_dict() for plan in plans],
    }


def _all_done(report: services.Report) -> Json:
    failed = f", {len(report.failed)} failed" if report.failed else ""
    return {
        "type": REPORT,
        "success": report.success,
        "message": f"{len(report.done)} universes are as they are in Supabase{failed}.",
        "universes_synced": len(report.done),
        "assets_synced": sum(result["cards"] for result in report.done.values()),
        "files_downloaded": sum(result["moved_files"] for result in report.done.values()),
        "errors": report.errors,
        "reports": report.notes,
        "notes": report.notes,
    }
