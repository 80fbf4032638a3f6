"""The tab Activity: what jobs did, who changed what, and what was replaced."""

from django.views.decorators.http import require_GET

from jobs.models import Job

from . import pages

PER_PAGE = 50


@require_GET
@pages.studio_view()
def page(request, universe):
    """The universe's jobs, newest first."""
    jobs = Job.objects.filter(univers_slug=universe.slug)[:PER_PAGE]
    return pages.render(request, universe, "activity", "admin/studio/activity.html", {"jobs": jobs})
