"""The tab Names, the gap board: what each card and each language has, and what is missing."""

from django.views.decorators.http import require_GET

from . import pages


@require_GET
@pages.studio_view()
def page(request, universe):
    """Cards by their names in five languages."""
    return pages.render(request, universe, "names", "admin/studio/names.html", {})
