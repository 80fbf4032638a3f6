"""The page Ideas: a theme becomes proposals, and those that one likes become cards."""

from django.views.decorators.http import require_GET

from jobs.models import Job

from . import pages

PROPOSE = "propose_ideas"
MOST_EARLIER = 10


@require_GET
@pages.studio_view()
def page(request, universe):
    """What was thought up before."""
    earlier = Job.objects.filter(univers_slug=universe.slug, type=PROPOSE)[:MOST_EARLIER]
    return pages.render(request, universe, "cards", "admin/studio/ideas.html", {"earlier": earlier})
