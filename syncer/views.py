"""Syncs over REST. They answer when the sync has ended, or at once with its job where `background` asks for that."""

from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from api.paging import page
from api.permissions import author, needs
from api.roles import PUBLISH
from jobs import representation
from jobs.serializers import TYPES, JobStartedSerializer
from universes.services import revisions, universes

from . import differences, services
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


def or_job(serializer, name):
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
    """Universes between here and Supabase; the side that is synced from overwrites the other."""

    asks = "Supabase"

    @extend_schema(parameters=[StatusQuery], responses=StatusSerializer)
    def status(self, request):
        """Whether Supabase answers. With `diff`, what differs, per universe."""
        diff = StatusQuery.read(request)["diff"]
        return Response(services.status() | ({"universes": differences.overview()} if diff else {}))

    @needs(PUBLISH)
    @extend_schema(request=SyncBody, parameters=[SyncQuery], responses={200: ALL, 409: REFUSED})
    def init(self, request):
        """Bring all of Supabase here, for a fresh installation. What is only here stays."""
        return self._all(request, services.start_init)

    @needs(PUBLISH)
    @extend_schema(request=SyncBody, parameters=[SyncQuery], responses={200: ALL, 409: REFUSED})
    def pull_all(self, request):
        """Bring all of Supabase here. What is only here stays."""
        return self._all(request, services.start_pull_all)

    @needs(PUBLISH)
    @extend_schema(request=SyncBody, parameters=[SyncQuery], responses={200: ONE, 409: REFUSED})
    def pull(self, request, slug):
        """Make a universe here as it is in Supabase. 409 when most of it would go, unless forced."""
        return self._one(request, slug, SyncBody, _start_pull, services.plan_pull)

    @needs(PUBLISH)
    @extend_schema(request=SyncBody, parameters=[SyncQuery], responses={200: ONE, 409: REFUSED})
    def push(self, request, slug):
        """Make a universe in Supabase as it is here. 409 when most of it would go, unless forced.

        A private universe stays private there; `message` and `reports` say that whoever knows the address of one of
        its files can open it.
        """
        universes.find(slug)
        return self._one(request, slug, SyncBody, _start_push, services.plan_push)

    @needs(PUBLISH)
    @extend_schema(request=UnpublishBody, parameters=[SyncQuery], responses={200: ONE, 409: REFUSED})
    def unpublish(self, request, slug):
        """Take a universe and its media out of Supabase; what is here stays. Needs `force`."""
        start, plan = services.start_unpublish, services.plan_unpublish
        return self._one(request, slug, UnpublishBody, start, plan, UNPUBLISHED)

    @needs(PUBLISH)
    @extend_schema(request=SyncBody, parameters=[SyncQuery], responses={200: ONE, 409: REFUSED})
    def restore(self, request, revision_id):
        """Make a universe what a revision kept of it. What is replaced becomes a revision: a restore is undone so.

        409 when most of it would go, unless forced, and when an archived file is gone.
        """
        revisions.find(revision_id)
        return self._one(
            request, revision_id, SyncBody, services.start_restore, services.plan_restore, RESTORED
        )

    def _one(self, request, subject, body, start, plan, said=SYNCED):
        """Plan or do what is about one universe; `subject`: its slug, or the revision of it."""
        asked, background = body.read(request), SyncQuery.read(request)["background"]
        if asked["dry_run"]:
            return Response(_planned(plan(subject)))
        job = start(subject, force=asked["force"], author=author(request))
        if background:
            return Response(representation.job(job))
        report = services.finish(job)
        return Response(_one_done(report.only(), report.notes, said))

    def _all(self, request, start):
        asked, background = SyncBody.read(request), SyncQuery.read(request)["background"]
        if asked["dry_run"]:
            return Response(_all_planned(*services.plan_pull_all()))
        job, notes, failed = start(force=asked["force"], author=author(request))
        if background:
            return Response(representation.job(job))
        return Response(_all_done(services.finish(job, notes, failed)))


class RevisionViewSet(ViewSet):
    """What was replaced or deleted here; each can be restored."""

    @extend_schema(parameters=[RevisionQuery], responses=RevisionPageSerializer)
    def list(self, request):
        """A page of revisions, newest first, without their rows."""
        query = RevisionQuery.read(request)
        found = page(revisions.listing(query["univers_slug"]), query["skip"], query["limit"])
        return Response(RevisionPageSerializer(found).data)

    @extend_schema(responses=RevisionSerializer)
    def retrieve(self, request, revision_id):
        """One revision with its rows."""
        return Response(RevisionSerializer(revisions.find(revision_id)).data)


def _start_pull(slug, **options):
    return services.start_pull([slug], **options)


def _start_push(slug, **options):
    return services.start_push([slug], **options)


def _planned(plan):
    message = plan.needs_force() or ("Nothing to do." if plan.is_empty else f"{plan.size} changes to make.")
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


def _one_done(result, notes, said):
    changes = result["changes"]
    message = (
        said.format(slug=result["slug"], changes=changes)
        if changes or said == UNPUBLISHED
        else "Nothing to do."
    )
    # A step of an earlier version says nothing of exposure.
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


def _all_planned(plans, notes, failed):
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


def _all_done(report):
    failed = f", {len(report.failed)} failed" if report.failed else ""
    return {
        "type": REPORT,
        "success": report.success,
        "message": f"{len(report.done)} universes are as they are in Supabase{failed}.",
        "universes_synced": len(report.done),
        "assets_synced": report.total("cards"),
        "files_downloaded": report.total("moved_files"),
        "errors": report.errors,
        "reports": report.notes,
        "notes": report.notes,
    }
