"""A job is a list of steps; both are rows, so that nothing lives in a process alone."""

import socket
import uuid
from datetime import timedelta

from django.contrib.contenttypes.fields import GenericRelation
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from api.models import IdempotencyKey
from api.rate_limits import SKEW
from storage.messages import MessageField

from . import types


class State(models.TextChoices):
    PENDING = "pending", _("pending")
    RUNNING = "running", _("running")
    COMPLETED = "completed", _("completed")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


ACTIVE = (State.PENDING, State.RUNNING)
ENDED = (State.COMPLETED, State.FAILED, State.CANCELLED)


class Job(models.Model):
    """A piece of work as the API shows it, and the lease of the runner that is at it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    type = models.TextField(_("type"))
    univers_slug = models.TextField(_("universe"), default="", blank=True)
    status = models.TextField(_("status"), choices=State.choices, default=State.PENDING)
    progress = models.PositiveSmallIntegerField(_("progress"), default=0)
    total_steps = models.PositiveIntegerField(_("steps"), default=0)
    current_step = models.PositiveIntegerField(_("steps done"), default=0)
    message = models.TextField(_("message"), default="", blank=True)
    error = MessageField(_("error"), null=True, blank=True)
    result = models.JSONField(_("result"), null=True, blank=True)
    # A word for its steps, for the sentence that counts them: "images".
    unit = models.TextField(default="steps")
    # A sentence about steps that were not made, and why; stands after the sentence that counts the steps.
    left_out = MessageField(default="", blank=True)
    cancel_requested = models.BooleanField(default=False)
    # Null where no price is known.
    estimated_cost = models.DecimalField(
        _("estimated cost in USD"), max_digits=10, decimal_places=4, null=True, blank=True
    )
    cost = models.DecimalField(_("cost in USD"), max_digits=10, decimal_places=4, null=True, blank=True)
    author = models.TextField(_("started by"), default="", blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    completed_at = models.DateTimeField(_("ended"), null=True, blank=True)

    # The lease: its owner, its end, and a fencing token that grows with each owner, so that a runner that
    # lost it without noticing can't write any more.
    lease_owner = models.TextField(default="", blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    lease_token = models.PositiveIntegerField(default=0)
    # Runners in a row that ended without a word while they held it.
    deaths = models.PositiveSmallIntegerField(default=0)
    # When its steps were last given places, so that others have their turn.
    last_served_at = models.DateTimeField(null=True, blank=True)
    # When a message was last sent for it; null once a runner took that up.
    message_sent_at = models.DateTimeField(null=True, blank=True)
    # Since when messages are sent for it that no runner took up.
    waiting_since = models.DateTimeField(null=True, blank=True)

    idempotency_keys = GenericRelation(IdempotencyKey, "answer_id", "answer_type")

    class Meta:
        db_table = "jobs"
        ordering = ["-created_at", "-id"]
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="jobs_newest"),
            models.Index(fields=["status", "-created_at"], name="jobs_by_status"),
            models.Index(fields=["univers_slug", "-created_at"], name="jobs_by_universe"),
        ]

    def __str__(self) -> str:
        return f"{self.title} {self.univers_slug}".strip()

    @property
    def title(self) -> str:
        return str(types.find(self.type).title)

    @property
    def scope(self) -> str:
        """The scope that starting it took, and that cancelling and retrying it takes."""
        return types.find(self.type).scope

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    def locked(self) -> "Job":
        """The job as it is now, which nobody else changes until this transaction ends.

        A change of a job together with its steps takes this first: in one order, nobody waits in a circle.
        """
        return Job.objects.select_for_update().get(pk=self.pk)


class JobStep(models.Model):
    """One paid or slow unit of a job."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    job = models.ForeignKey(Job, models.CASCADE, related_name="steps")
    position = models.PositiveIntegerField(default=0)
    # The kind of thing that it makes, and a card's id or a language. The key says both to the API's clients.
    kind = models.TextField(default="", blank=True)
    subject = models.TextField(default="", blank=True)
    key = models.TextField(_("key"), help_text=_("What it is about; unique within its job."))
    label = MessageField(_("step"))
    handler = models.TextField(help_text=_("Dotted path of the function that does it."))
    params = models.JSONField(default=dict)
    # While it is active, no other step may hold the same claim; empty claims nothing.
    claim = models.TextField(default="", blank=True)
    waits_for = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="followers")
    status = models.TextField(_("status"), choices=State.choices, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(default=timezone.now)
    error = MessageField(_("error"), default="", blank=True)
    # Saved before a call that costs money; the provider's id for it at once after.
    intent_at = models.DateTimeField(null=True, blank=True)
    external_id = models.TextField(_("id at the provider"), default="", blank=True)
    # The scarce thing that it needs a place of while it runs, by name; empty needs none.
    slot = models.TextField(default="", blank=True)
    holds_slot = models.BooleanField(default=False)
    cancel_requested = models.BooleanField(default=False)
    memory = models.JSONField(default=dict, help_text=_("What the handler keeps from one look to the next."))
    cost = models.DecimalField(_("cost in USD"), max_digits=10, decimal_places=4, null=True, blank=True)
    result = models.JSONField(_("result"), null=True, blank=True)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    completed_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        db_table = "job_steps"
        ordering = ["position"]
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        constraints = [
            models.UniqueConstraint(fields=["job", "key"], name="job_steps_key_once_per_job"),
            models.UniqueConstraint(
                fields=["claim"],
                condition=Q(status__in=["pending", "running"]) & ~Q(claim=""),
                name="job_steps_one_active_per_claim",
            ),
            models.UniqueConstraint(
                fields=["external_id"], condition=~Q(external_id=""), name="job_steps_one_per_external_id"
            ),
        ]
        indexes = [
            models.Index(fields=["job", "status", "due_at"], name="job_steps_due"),
            models.Index(fields=["slot", "status"], condition=~Q(slot=""), name="job_steps_slots"),
        ]

    def __str__(self) -> str:
        return str(self.label)


class Slots(models.Model):
    """A row to lock while the places of one scarce thing are counted and given out."""

    name = models.TextField(primary_key=True)
    # The other side asked everybody to wait until then.
    paused_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "job_slots"

    def __str__(self) -> str:
        return self.name


class Worker(models.Model):
    """A supervisor that runs, or did until its last heartbeat."""

    # A worker without a heartbeat for so long is dead, or can't reach the database.
    SILENCE = timedelta(seconds=30)
    FORGOTTEN = timedelta(days=1)

    id = models.TextField(primary_key=True)
    host = models.TextField()
    processes = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField(default=timezone.now)
    beat_at = models.DateTimeField()

    class Meta:
        db_table = "job_workers"

    def __str__(self) -> str:
        return f"{self.host}:{self.id}"

    @classmethod
    def beat(cls, id: str, processes: int) -> None:
        """The heartbeat of the worker of this id, which has so many processes."""
        now = timezone.now()
        said = {"host": socket.gethostname(), "processes": processes, "beat_at": now}
        cls.objects.update_or_create(id=id, defaults=said)
        cls.objects.filter(beat_at__lt=now - cls.FORGOTTEN).delete()

    @classmethod
    def alive(cls) -> "models.QuerySet[Worker]":
        """The workers that had a heartbeat lately."""
        now = timezone.now()
        return cls.objects.filter(beat_at__gte=now - cls.SILENCE, beat_at__lte=now + SKEW)


class Chore(models.Model):
    """When a daily task, named by its dotted path, is due again."""

    name = models.TextField(primary_key=True)
    due_at = models.DateTimeField()

    class Meta:
        db_table = "job_chores"

    def __str__(self) -> str:
        return self.name
