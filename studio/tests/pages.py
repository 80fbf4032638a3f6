"""The pages of the admin on which syncs are looked at and started, as a browser uses them."""

from django.urls import reverse

from jobs import runner
from jobs.models import Job


def sync_page(key, *universes):
    query = "&".join(f"id={universe.pk}" for universe in universes)
    return reverse("admin:universes_universe_sync", args=[key]) + (f"?{query}" if query else "")


def publish_page(universe):
    return reverse("admin:universes_universe_publish", args=[universe.pk])


def standing_part(universe):
    return reverse("admin:studio_standing", args=[universe.pk])


def job_page(job):
    return reverse("admin:jobs_job_change", args=[job.pk])


def text(response):
    assert response.status_code == 200
    return response.content.decode()


def messages(response):
    return [str(message) for message in response.context["messages"]]


def confirm(client, page, **typed):
    """Look at a page and send its form as a browser would."""
    seen = client.get(page).context["form"]["seen"].value()
    return client.post(page, {"seen": seen, **typed})


def words(response):
    """`{block: {label: (before, after)}}` of the plan on a page."""
    preview = response.context["preview"]
    return {
        block.title: {word.label: (word.before, word.after) for word in block.words}
        for block in [*preview.general, *preview.cards]
    }


def files(response):
    preview = response.context["preview"]
    return {file.name: file for block in [*preview.general, *preview.cards] for file in block.files}


def run(response):
    """The job that a POST led to, run to its end."""
    job = Job.objects.get()
    assert response.url == job_page(job)
    return runner.run_here(job.pk)
