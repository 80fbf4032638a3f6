"""The tokens of the API's clients, its idempotency keys, and how often somebody tried something lately."""

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

NAME_LENGTH = 100


class ApiToken(models.Model):
    """The right to call the API, of whoever knows a text of which only the digest is here."""

    name = models.CharField(_("name"), max_length=NAME_LENGTH, unique=True)
    # Stands in the token itself, so that a token that turns up somewhere can be told from the others.
    key = models.CharField(_("key"), max_length=16, unique=True, editable=False)
    sha256 = models.CharField(max_length=64, editable=False)
    scopes = models.JSONField(_("scopes"), default=list)
    # A token reaches no further than its owner does; one without an owner has all of its scopes.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        blank=True,
        editable=False,
        related_name="api_tokens",
        verbose_name=_("owner"),
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("expires"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, editable=False)
    last_used_at = models.DateTimeField(_("last used"), null=True, editable=False)

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")

    def __str__(self) -> str:
        return self.name

    @property
    def is_valid(self) -> bool:
        return self.revoked_at is None and self.expires_at > timezone.now()


class Tally(models.Model):
    """How often something was done within a time that ends; see `rate_limits`."""

    key = models.CharField(max_length=64, unique=True)
    count = models.PositiveIntegerField(default=1)
    ends_at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.count} until {self.ends_at:%H:%M:%S}"


class IdempotencyKey(models.Model):
    """A text that came with an order: however often it comes again, `answer` is what it is answered with.

    A model whose rows are answers has a GenericRelation, so that a key goes with its answer.
    """

    LENGTH = 64

    key = models.CharField(max_length=LENGTH, primary_key=True)
    # The request as a text; another request may not come with this key.
    order = models.TextField()
    answer_type = models.ForeignKey(ContentType, models.CASCADE, related_name="+")
    answer_id = models.TextField()
    answer = GenericForeignKey("answer_type", "answer_id")
    created_at = models.DateTimeField(default=timezone.now)
    # None: when its answer goes.
    expires_at = models.DateTimeField(null=True, db_index=True)

    class Meta:
        db_table = "idempotency_keys"
        default_permissions = ()
        indexes = [models.Index(fields=["answer_type", "answer_id"], name="idempotency_keys_by_answer")]

    def __str__(self) -> str:
        return self.key
