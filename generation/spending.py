"""The books: nothing is ordered before its price is reserved, and no month's charges exceed SPEND_LIMIT_MONTHLY.

A month is a calendar month in UTC, written 2026-11. Amounts are US dollars as Decimals.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, timedelta
from decimal import Decimal
from typing import Any, TypedDict, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet, Sum
from django.utils import timezone

from api.rate_limits import SKEW
from jobs import progress
from jobs.handlers import StepRun
from jobs.models import ACTIVE, JobStep
from storage.messages import Message, gettext

from . import adapters
from .errors import LimitReached, UnknownPrice
from .models import Charge, ChargeKind, Month

Reserved = TypeVar("Reserved")
RESERVED, SPENT, FREE = Charge.Status.RESERVED, Charge.Status.SPENT, Charge.Status.FREE
KINDS = {
    adapters.LLM: ChargeKind.WORDS,
    adapters.IMAGE: ChargeKind.IMAGE,
    adapters.VIDEO: ChargeKind.VIDEO,
    adapters.MUSIC: ChargeKind.MUSIC,
}
# Official models are billed by what they make: https://replicate.com/docs/topics/billing
FREE_OF_CHARGE = ("failed", "aborted")
# No request waits longer for its answers, and no order that was not answered is at work longer.
LONGEST_REQUEST = timedelta(minutes=30)
SMALLEST = Decimal("0.0001")
THIS = gettext("this would cost %(cost)s")
JOB = gettext("this job would cost %(cost)s")
SPENT_ALONE = gettext(
    "SPEND_LIMIT_MONTHLY is %(limit)s, of which %(spent)s are spent in %(month)s, and %(error)s; raise it, or try "
    "again next month."
)
SPENT_AND_RESERVED = gettext(
    "SPEND_LIMIT_MONTHLY is %(limit)s, of which %(spent)s are spent and %(reserved)s reserved in %(month)s, and "
    "%(error)s; raise it, or try again next month."
)


def this_month() -> str:
    return timezone.now().astimezone(UTC).strftime("%Y-%m")


def limit() -> Decimal | None:
    most: Decimal | None = settings.SPEND_LIMIT_MONTHLY
    return most


# --- Prices ------------------------------------------------------------------------------------------------

# Of one prediction of each model. Replicate names its prices on each model's page and in no API. These were found in
# third-party publications up to April 2026, for inputs as our adapters make them; a model that is not here has no
# price that we could find. MODEL_PRICES adds to them and overrides them.
PRICES = {
    "recraft-ai/recraft-v3": Decimal("0.04"),
    # 81 frames at 480p.
    "wan-video/wan-2.2-i2v-fast": Decimal("0.05"),
    "minimax/music-1.5": Decimal("0.03"),
}


def price(model: str) -> Decimal | None:
    """Of a prediction of this model (owner/name or owner/name:version); None when it is not known."""
    known = {**PRICES, **settings.MODEL_PRICES}
    names = [adapters.base_name(model), *adapters.other_names(model)]
    return next((known[name] for name in names if name in known), None)


def price_of_setting(setting: str) -> Decimal | None:
    """The same for a configured model. `setting`: adapters' LLM, IMAGE, VIDEO or MUSIC."""
    return price(adapters.model(setting))


def unpriced(settings_used: Iterable[str]) -> list[str]:
    """Those of these settings whose model has no price."""
    return [setting for setting in dict.fromkeys(settings_used) if price_of_setting(setting) is None]


# --- Before a purchase -------------------------------------------------------------------------------------


def check_prices(settings_used: Iterable[str]) -> None:
    """Raise UnknownPrice when there is a limit, and one of these settings names a model without a price."""
    if limit() is not None and (lacking := unpriced(settings_used)):
        name = adapters.base_name(adapters.model(lacking[0]))
        raise UnknownPrice(
            gettext(
                "The price of '%(name)s' is not known, and SPEND_LIMIT_MONTHLY allows no purchase "
                "without one; set MODEL_PRICES=%(name)s=… to what a prediction costs in USD."
            )
            % {"name": name}
        )


def check_start(cheapest: Decimal | None, total: Decimal | None) -> None:
    """Raise LimitReached when not even the cheapest purchase of a job can be made this month. `total`: of the job."""
    if limit() is not None and cheapest is not None and cheapest > _left(month := this_month()):
        raise LimitReached(_sentence(month, cheapest if total is None else total, JOB))


def afford(reserving: Callable[[], Reserved]) -> Reserved:
    """The result of `reserving`, which is called once more when abandoned reservations stood in its way.

    Only where no transaction is open: settling locks jobs, for which one that holds a month's row must not wait.
    """
    try:
        return reserving()
    except LimitReached:
        settle_abandoned()
        return reserving()


@transaction.atomic
def reserve(
    setting: str, univers_slug: str, *, step: StepRun | JobStep | None = None, number: int = 1
) -> list[Charge]:
    """Set aside what so many predictions of a configured model cost; returns their Charges.

    Raises UnknownPrice, and LimitReached when less than that is left of this month's limit: then nothing is
    reserved. What reserves for a step also saves its intent in the same transaction.
    """
    check_prices([setting])
    month, model = this_month(), adapters.model(setting)
    each = price(model)
    if limit() is not None and each is not None:
        _hold(month, each * number)
    whose = {"job_id": step.job_id, "step_id": step.pk} if step else {}
    order = {"kind": KINDS[setting], "model": model, "amount": each, "univers_slug": univers_slug, **whose}
    return Charge.objects.bulk_create([Charge(month=month, **order) for _ in range(number)])


def _hold(month: str, amount: Decimal) -> None:
    """Keep all others from reserving until this transaction ends, and see that so much is left."""
    Month.objects.get_or_create(month=month)
    Month.objects.select_for_update().get(month=month)
    if amount > _left(month):
        raise LimitReached(_sentence(month, amount))


def _left(month: str) -> Decimal:
    return (limit() or Decimal(0)) - sum(_committed(month).values(), Decimal(0))


def _committed(month: str) -> dict[str, Decimal]:
    """`{status: amount}` of what counts against the limit."""
    rows = _counted(month).values_list("status").annotate(sum=Sum("amount")).order_by()
    return {status: _exact(amount) for status, amount in rows}


def _counted(month: str) -> QuerySet[Charge]:
    return Charge.objects.filter(month=month, status__in=[RESERVED, SPENT])


def _exact(amount: Decimal | None) -> Decimal:
    """A sum as it is: SQLite adds up in binary fractions."""
    return (amount or Decimal(0)).quantize(SMALLEST)


def _sentence(month: str, amount: Decimal, wish: Message = THIS) -> Message:
    sums = _committed(month)
    reserved = sums.get(RESERVED, Decimal(0))
    words = {
        "limit": _dollars(limit() or Decimal(0)),
        "spent": _dollars(sums.get(SPENT, Decimal(0))),
        "reserved": _dollars(reserved),
        "month": month,
        "error": wish % {"cost": _dollars(amount)},
    }
    return (SPENT_AND_RESERVED if reserved else SPENT_ALONE) % words


def _dollars(amount: Decimal) -> str:
    """`0.20 USD`, `0.0125 USD`"""
    places = Decimal("0.01") if amount == amount.quantize(Decimal("0.01")) else SMALLEST
    return f"{amount.quantize(places)} USD"


# --- After it ----------------------------------------------------------------------------------------------


def attach(charge: Charge, prediction_id: str) -> None:
    """The order was taken: note under which id."""
    Charge.objects.filter(pk=charge.pk).update(prediction_id=prediction_id)


def attach_step(step: StepRun, prediction_id: str) -> None:
    """The same for a step's order, and by which model; it is open again if it was counted as spent meanwhile."""
    _unanswered(step).update(
        prediction_id=prediction_id, model=step.memory["model"], status=RESERVED, settled_at=None
    )


def release_step(step: StepRun) -> None:
    """Nothing was bought: what was reserved for the step's order, or counted as spent for it, is free again."""
    with transaction.atomic():
        _unanswered(step).delete()
        step.save(cost=_cost(step.pk))


def _unanswered(step: StepRun) -> QuerySet[Charge]:
    return Charge.objects.filter(step_id=step.pk, status__in=[RESERVED, SPENT], prediction_id="")


def settle(prediction_id: str, status: str) -> bool:
    """Write down what an ended prediction cost, once. `status`: Replicate's. Returns whether that is news."""
    outcome = FREE if status in FREE_OF_CHARGE else SPENT
    charges = Charge.objects.filter(prediction_id=prediction_id).exclude(status=outcome)
    return bool(charges.update(status=outcome, settled_at=timezone.now()))


def settle_step(step: StepRun, status: str) -> None:
    """The same for a step's prediction; the step tells its cost from then on."""
    with transaction.atomic():
        if settle(step.external_id, status):
            step.save(cost=_cost(step.pk))


def _cost(step_id: UUID) -> Decimal | None:
    """All that a step cost so far, earlier attempts too; None when no price of it is known."""
    amounts = Charge.objects.filter(step_id=step_id, status=SPENT, amount__isnull=False)
    known = [amount for amount in amounts.values_list("amount", flat=True) if amount is not None]
    return sum(known, Decimal(0)) if known else None


def charge_unanswered(charge: Charge) -> None:
    """Count an order as spent that nobody will look for, and of which it is not known whether it arrived."""
    Charge.objects.filter(pk=charge.pk).update(status=SPENT, settled_at=timezone.now())


def settle_request(charges: Iterable[Charge]) -> None:
    """Settle a request's charges at its end: an order that was not waited for is paid, all else is free again."""
    open_ones = Charge.objects.filter(pk__in=[charge.pk for charge in charges], status=RESERVED)
    with transaction.atomic():
        open_ones.filter(prediction_id="").delete()
        open_ones.update(status=SPENT, settled_at=timezone.now())


def settle_abandoned() -> None:
    """Settle reservations that nobody looks after: their step ended or is gone, or their request broke off.

    Orders count as spent, and so do those that may have been made; a step that is retried, and finds its order or
    knows that there is none, corrects that.
    """
    for charge, step in abandoned():
        _settle_one(charge, step)


def abandoned() -> list[tuple[Charge, JobStep | None]]:
    """`[(charge, step)]` of what `settle_abandoned` settles; None for a step that is gone."""
    charges = list(Charge.objects.filter(status=RESERVED))
    steps = JobStep.objects.select_related("job").in_bulk(
        [charge.step_id for charge in charges if charge.step_id]
    )
    pairs = [(charge, steps.get(charge.step_id)) for charge in charges]
    return [(charge, step) for charge, step in pairs if not _is_looked_after(charge, step)]


def _is_looked_after(charge: Charge, step: JobStep | None) -> bool:
    if step and step.status in ACTIVE:
        return True
    may_be_bought = bool(step.intent_at) and not charge.prediction_id if step else not charge.step_id
    now = timezone.now()
    return may_be_bought and now - LONGEST_REQUEST < charge.created_at <= now + SKEW


@transaction.atomic
def _settle_one(charge: Charge, step: JobStep | None) -> None:
    if step:
        step.job.locked()
    left = Charge.objects.filter(pk=charge.pk, status=RESERVED)
    if step and not step.intent_at and not charge.prediction_id:
        left.filter(prediction_id="").delete()
        return
    left.update(status=SPENT, settled_at=timezone.now())
    if step:
        JobStep.objects.filter(pk=step.pk).update(cost=_cost(step.pk))
        progress.add_up(step.job)


# --- The books as they stand -------------------------------------------------------------------------------


class Report(TypedDict):
    """A month's spending. `limit`: None where there is none. `unpriced`: predictions without a known price.

    `universes`: `[{"univers_slug", "spent"}]`; `kinds`: `[{"kind", "spent"}]`.
    """

    month: str
    limit: Decimal | None
    spent: Decimal
    reserved: Decimal
    unpriced: int
    universes: list[dict[str, Any]]
    kinds: list[dict[str, Any]]


def report(month: str | None = None) -> Report:
    """A month's spending, this month's for None."""
    month = month or this_month()
    sums = _committed(month)
    return {
        "month": month,
        "limit": limit(),
        "spent": sums.get(SPENT, Decimal(0)),
        "reserved": sums.get(RESERVED, Decimal(0)),
        "unpriced": _counted(month).filter(amount__isnull=True).count(),
        "universes": _spent_by("univers_slug", month),
        "kinds": _spent_by("kind", month),
    }


def _spent_by(field: str, month: str) -> list[dict[str, Any]]:
    rows = _counted(month).filter(status=SPENT).values_list(field).annotate(sum=Sum("amount")).order_by(field)
    return [{field: value, "spent": _exact(amount)} for value, amount in rows]
