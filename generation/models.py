"""The books: what was ordered from the AI models, and what it cost."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class ChargeKind(models.TextChoices):
    """The purchase of a charge, as the API's costs name it."""

    WORDS = "words", _("words")
    IMAGE = "image", _("pictures")
    VIDEO = "video", _("clips")
    MUSIC = "music", _("songs")


class Charge(models.Model):
    """One prediction: its price is reserved before it is ordered, and settled when it has ended.

    It tells of its job and step by their ids alone, since it outlives both.
    """

    class Status(models.TextChoices):
        RESERVED = "reserved", _("reserved")
        SPENT = "spent", _("spent")
        # The prediction failed or was given up: Replicate takes nothing for it.
        FREE = "free", _("free of charge")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # The month in UTC in which it was ordered, 2026-11; it counts there, whenever it ends.
    month = models.TextField(_("month"))
    status = models.TextField(_("status"), choices=Status.choices, default=Status.RESERVED)
    kind = models.TextField(_("kind"), choices=ChargeKind.choices)
    model = models.TextField(_("model"))
    # None: the model's price is not known.
    amount = models.DecimalField(_("USD"), max_digits=10, decimal_places=4, null=True, blank=True)
    univers_slug = models.TextField(_("universe"), default="", blank=True)
    job_id = models.UUIDField(_("job"), null=True, blank=True)
    step_id = models.UUIDField(null=True, blank=True)
    prediction_id = models.TextField(_("id at the provider"), default="", blank=True)
    created_at = models.DateTimeField(_("ordered"), default=timezone.now)
    settled_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        db_table = "charges"
        ordering = ["-created_at", "-id"]
        verbose_name = _("charge")
        verbose_name_plural = _("charges")
        constraints = [
            models.UniqueConstraint(
                fields=["step_id"], condition=Q(status="reserved"), name="charges_one_reserved_per_step"
            ),
            models.UniqueConstraint(
                fields=["prediction_id"],
                condition=~Q(prediction_id=""),
                name="charges_one_per_prediction",
            ),
        ]
        indexes = [
            models.Index(fields=["month", "status"], name="charges_by_month"),
            models.Index(fields=["-created_at", "-id"], name="charges_newest"),
            models.Index(fields=["step_id"], name="charges_by_step"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.univers_slug}".strip()


class Month(models.Model):
    """A row to lock while a month's charges are added up and one more is reserved."""

    month = models.TextField(primary_key=True)

    class Meta:
        db_table = "charge_months"

    def __str__(self) -> str:
        return self.month
