"""The books: nothing is ordered before its price is reserved, and no month's charges exceed SPEND_LIMIT_MONTHLY.

A month is a calendar month in UTC, written 2026-11. Amounts are US dollars as Decimals.
"""

from datetime import UTC, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from jobs import progress
from jobs import services as jobs
from jobs.clock import SKEW
from jobs.models import ACTIVE, JobStep

from . import adapters, prices
from .errors import LimitReached, UnknownPrice
from .models import Charge, Kind, Month

RESERVED, SPENT, FREE = Charge.Status.RESERVED, Charge.Status.SPENT, Charge.Status.FREE
KINDS = {
    adapters.LLM: Kind.WORDS,
    adapters.IMAGE: Kind.IMAGE,
    adapters.VIDEO: Kind.VIDEO,
    adapters.MUSIC: Kind.MUSIC,
}
# Official models are billed by what they make: https://replicate.com/docs/topics/billing
FREE_OF_CHARGE = ("failed", "aborted")
# No request waits longer for its answers, and no order that was not answered is at work longer.
LONGEST_REQUEST = timedelta(minutes=30)
SMALLEST = Decimal("0.0001")
THIS = gettext_lazy("this would cost %(cost)s")
JOB = gettext_lazy("this job would cost %(cost)s")
SPENT_ALONE = gettext_lazy(
    "SPEND_LIMIT_MONTHLY is %(limit)s, of which %(spent)s are spent in %(month)s, and %(error)s; raise it, or try "
    "again next month."
)
SPENT_AND_RESERVED = gettext_lazy(
    "SPEND_LIMIT_MONTHLY is %(limit)s, of which %(spent)s are spent and %(reserved)s reserved in %(month)s, and "
    "%(error)s; raise it, or try again next month."
)


def this_month():
    return timezone.now().astimezone(UTC).strftime("%Y-%m")


def limit():
    return settings.SPEND_LIMIT_MONTHLY


# --- Before a purchase -------------------------------------------------------------------------------------


def check_prices(settings_used):
    """Raise UnknownPrice when there is a limit, and one of these settings names a model without a price."""
    if limit() is not None and (lacking := prices.unknown(settings_used)):
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


def afford(reserving):
    """Call what reserves, and once more when what nobody will buy any more stood in its way; what it returns.

    Only where no transaction is open: tidying up locks jobs, which those who hold a month's row must not wait for.
    """
    try:
        return reserving()
    except LimitReached:
        tidy()
        return reserving()


@transaction.atomic
def reserve(setting, univers_slug, *, step=None, number=1):
    """Set aside what so many predictions of a configured model cost; returns their Charges.

    Raises UnknownPrice, and LimitReached when less than that is left of this month's limit: then nothing is
    reserved. What reserves for a step also saves its intent in the same transaction.
    """
    check_prices([setting])
    month, model = this_month(), adapters.model(setting)
    price = prices.of(model)
    if limit() is not None:
        _hold(month, price * number)
    whose = {"job_id": step.job_id, "step_id": step.pk} if step else {}
    order = {"kind": KINDS[setting], "model": model, "amount": price, "univers_slug": univers_slug, **whose}
    return Charge.objects.bulk_create([Charge(month=month, **order) for _ in range(number)])


def _hold(month, amount):
    """Keep all others from reserving until this transaction ends, and see that so much is left."""
    Month.objects.get_or_create(month=month)
    Month.objects.select_for_update().get(month=month)
    if amount > _left(month):
        raise LimitReached(_sentence(month, amount))


def _left(month):
    return limit() - sum(_committed(month).values(), Decimal(0))


def _committed(month):
    """`{status: amount}` of what counts against the limit."""
    rows = _counted(month).values_list("status").annotate(sum=Sum("amount")).order_by()
    return {status: _exact(amount) for status, amount in rows}


def _counted(month):
    return Charge.objects.filter(month=month, status__in=[RESERVED, SPENT])


def _exact(amount):
    """A sum as it is: SQLite adds up in binary fractions."""
    return (amount or Decimal(0)).quantize(SMALLEST)


def _sentence(month, amount, wish=THIS):
    sums = _committed(month)
    reserved = sums.get(RESERVED, Decimal(0))
    words = {
        "limit": _dollars(limit()),
        "spent": _dollars(sums.get(SPENT, Decimal(0))),
        "reserved": _dollars(reserved),
        "month": month,
        "error": wish % {"cost": _dollars(amount)},
    }
    return (SPENT_AND_RESERVED if reserved else SPENT_ALONE) % words


def _dollars(amount):
    """`0.20 USD`, `0.0125 USD`"""
    places = Decimal("0.01") if amount == amount.quantize(Decimal("0.01")) else SMALLEST
    return f"{amount.quantize(places)} USD"


# --- After it ----------------------------------------------------------------------------------------------


def attach(charge, prediction_id):
    """The order was taken: note under which id."""
    Charge.objects.filter(pk=charge.pk).update(prediction_id=prediction_id)


def attach_step(step, prediction_id):
    """The same for a step's order, and by which model; it is open again if it was counted as spent meanwhile."""
    _unanswered(step).update(
        prediction_id=prediction_id, model=step.memory["model"], status=RESERVED, settled_at=None
    )


def release_step(step):
    """Nothing was bought: what was reserved for the step's order, or counted as spent for it, is free again."""
    with transaction.atomic():
        _unanswered(step).delete()
        step.save(cost=_cost(step.pk))


def _unanswered(step):
    return Charge.objects.filter(step_id=step.pk, status__in=[RESERVED, SPENT], prediction_id="")


def settle(prediction_id, status):
    """Write down what an ended prediction cost, once. `status`: Replicate's. Returns whether that is news."""
    outcome = FREE if status in FREE_OF_CHARGE else SPENT
    charges = Charge.objects.filter(prediction_id=prediction_id).exclude(status=outcome)
    return bool(charges.update(status=outcome, settled_at=timezone.now()))


def settle_step(step, status):
    """The same for a step's prediction; the step tells its cost from then on."""
    with transaction.atomic():
        if settle(step.external_id, status):
            step.save(cost=_cost(step.pk))


def _cost(step_id):
    """All that a step cost so far, earlier attempts too; None when no price of it is known."""
    amounts = Charge.objects.filter(step_id=step_id, status=SPENT, amount__isnull=False)
    known = list(amounts.values_list("amount", flat=True))
    return sum(known) if known else None


def doubt(charge):
    """Whether the order arrived is not known, and nobody will look: count it as spent."""
    Charge.objects.filter(pk=charge.pk).update(status=SPENT, settled_at=timezone.now())


def close(charges):
    """End a request's charges: what was ordered and not waited for is paid, what was not ordered is free again."""
    open_ones = Charge.objects.filter(pk__in=[charge.pk for charge in charges], status=RESERVED)
    with transaction.atomic():
        open_ones.filter(prediction_id="").delete()
        open_ones.update(status=SPENT, settled_at=timezone.now())


def tidy():
    """Settle what stayed reserved though nobody looks after it: its step ended or is gone, its request broke off.

    What was ordered counts as spent, and so does what may have been; a step that is retried, and finds its order
    or knows that there is none, corrects that.
    """
    for charge, step in left_over():
        _settle_left_over(charge, step)


def left_over():
    """`[(charge, step)]` of what `tidy` settles; None for a step that is gone."""
    charges = list(Charge.objects.filter(status=RESERVED))
    steps = JobStep.objects.select_related("job").in_bulk(
        [charge.step_id for charge in charges if charge.step_id]
    )
    pairs = [(charge, steps.get(charge.step_id)) for charge in charges]
    return [(charge, step) for charge, step in pairs if not _is_looked_after(charge, step)]


def _is_looked_after(charge, step):
    if step and step.status in ACTIVE:
        return True
    may_be_bought = step.intent_at and not charge.prediction_id if step else not charge.step_id
    now = timezone.now()
    return may_be_bought and now - LONGEST_REQUEST < charge.created_at <= now + SKEW


@transaction.atomic
def _settle_left_over(charge, step):
    if step:
        jobs.lock(step.job)
    left = Charge.objects.filter(pk=charge.pk, status=RESERVED)
    if step and not step.intent_at and not charge.prediction_id:
        left.filter(prediction_id="").delete()
        return
    left.update(status=SPENT, settled_at=timezone.now())
    if step:
        JobStep.objects.filter(pk=step.pk).update(cost=_cost(step.pk))
        progress.add_up(step.job)


# --- The books as they stand -------------------------------------------------------------------------------


def report(month=None):
    """A month's spending, this month's for None: in all, by universe and by kind.

    `{"month", "limit", "spent", "reserved", "unpriced", "universes": [{"univers_slug", "spent"}], "kinds":
    [{"kind", "spent"}]}`; `limit` is None where there is none, `unpriced` counts predictions without a known price.
    """
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


def _spent_by(field, month):
    rows = _counted(month).filter(status=SPENT).values_list(field).annotate(sum=Sum("amount")).order_by(field)
    return [{field: value, "spent": _exact(amount)} for value, amount in rows]
