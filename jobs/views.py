"""Jobs over REST."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from api.conditional import one_moment
from api.permissions import needs, paid_if, require
from api.roles import GENERATE, PUBLISH, WRITE

from . import representation, services
from .errors import NotFound
from .models import Job
from .serializers import CleanupQuery, CleanupSerializer, JobDetailSerializer, JobQuery, JobSerializer


def buys_again(view: APIView) -> bool:
    """Whether the job that is retried buys, as its first try did."""
    try:
        return services.find(view.kwargs["job_id"]).scope == GENERATE
    except NotFound:
        return False


class JobViewSet(ViewSet):
    """Jobs that generate or sync, and their progress."""

    @extend_schema(parameters=[JobQuery], responses=JobSerializer(many=True))
    def list(self, request: Request) -> Response:
        """The newest jobs. 400 for an unknown status."""
        query = JobQuery.read(request)
        found = services.listing(univers_slug=query["univers_slug"], status=query["status"])
        return Response(representation.jobs(found[: query["limit"]]))

    @extend_schema(responses=JobDetailSerializer)
    def retrieve(self, request: Request, job_id: str) -> Response:
        """One job with its steps."""
        with one_moment():
            return Response(representation.job_with_steps(services.find(job_id)))

    @needs(GENERATE, PUBLISH, WRITE)
    @extend_schema(request=None, responses=JobSerializer)
    def cancel(self, request: Request, job_id: str) -> Response:
        """Stop it; what is done stays. 400 when it has ended already."""
        return Response(representation.job(services.cancel(_controllable(request, job_id))))

    @needs(GENERATE, PUBLISH, WRITE)
    @paid_if(buys_again)
    @extend_schema(request=None, responses=JobSerializer)
    def retry(self, request: Request, job_id: str) -> Response:
        """Do what failed again, and only that. 400 when nothing did, 409 when another job is at it."""
        return Response(representation.job(services.retry(_controllable(request, job_id))))

    @extend_schema(parameters=[CleanupQuery], responses={200: CleanupSerializer})
    def cleanup(self, request: Request) -> Response:
        """Delete the jobs that ended more than `days` ago; never one that is pending or running."""
        days = CleanupQuery.read(request)["days"]
        deleted = services.cleanup(days)
        message = f"{deleted} finished {'job' if deleted == 1 else 'jobs'} older than {days} days deleted."
        return Response({"success": True, "message": message, "deleted_count": deleted})


def _controllable(request: Request, job_id: str) -> Job:
    """The job; PermissionDenied unless the caller may start such a one."""
    job = services.find(job_id)
    require(request, job.scope)
    return job
