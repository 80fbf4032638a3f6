"""A slice: for a few seconds, one runner looks after the due steps of one job."""

import errno
import logging
import os
import random
import time
from collections.abc import Callable, Collection
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import OperationalError, connections, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.module_loading import import_string

from storage import messages
from storage.errors import NO_ROOM
from storage.messages import gettext as _

from . import clock, lease, process, progress, slots, waker
from .errors import LeaseLost
from .handlers import Done, Drop, Handler, Outcome, Passing, Permanent, StepRun, Wait
from .models import ACTIVE, Job, JobStep, State

SLICE_SECONDS = 5
THREADS = 8
CREW_SECONDS = 0.2
# Letting go of a job and being sent for again takes about as long.
STAY_SECONDS = 0.25
MOST_ATTEMPTS = 8
LONGEST_BACKOFF = 60
DATABASE_PATIENCE = 1
# How long a server that keeps files and can't be reached is left alone.
AWAY_SECONDS = 30
# How soon a disk that was full is tried again.
FULL_SECONDS = 20
# Said of a file or folder that is not where it should be: no machine's trouble.
MISPLACED = (FileNotFoundError, FileExistsError, IsADirectoryError, NotADirectoryError)
SLOT_PATIENCE = timedelta(seconds=1)

log = logging.getLogger(__name__)


def run_slice(job_id: UUID | str, threads: int = THREADS) -> None:
    """The queue's task: own the job, advance what is due, let go. Harmless when it comes twice or too late."""
    token = lease.acquire(job_id)
    if token is None:
        return
    with lease.renewed(job_id, token):
        job = Job.objects.get(pk=job_id)
        if job.deaths >= lease.MOST_DEATHS:
            _park(job)
            return
        _work(job, token, threads)


def run_here(job_id: UUID | str, threads: int = 1) -> Job:
    """Run a job to its end in this process, so many steps at a time; for requests and commands that wait anyway."""
    while not Job.objects.get(pk=job_id).ended:
        token = lease.acquire(job_id)
        if token is not None:
            with lease.renewed(job_id, token):
                _work(Job.objects.get(pk=job_id), token, threads)
        time.sleep(_pause(job_id, owned=token is not None))
    return Job.objects.get(pk=job_id)


def _pause(job_id: UUID | str, owned: bool) -> float:
    """Seconds to let pass before another look: until the next step is due, or while another runner is at it."""
    due = Job.objects.get(pk=job_id).steps.filter(status__in=ACTIVE).order_by("due_at").first()
    if not due:
        return 0
    return min(1, max(0, (due.due_at - timezone.now()).total_seconds())) if owned else 0.2


def _work(job: Job, token: int, threads: int) -> None:
    """Look after due steps for as long as a slice lasts, several at a time; ends early when none is due.

    However late it is by then, there is one look: a machine that stands still for as long as a slice gets on, too.
    """
    ends = time.monotonic() + SLICE_SECONDS
    with process.working_on(job=str(job.pk)), Crew(threads) as crew:
        while not process.stop_requested():
            for step in _ready(job, crew.at, crew.free):
                crew.take(StepRun(step, token))
            if crew.at:
                crew.wait()
            elif not _stay(job):
                break
            if time.monotonic() >= ends:
                break
    progress.finish(job)


def _stay(job: Job) -> bool:
    """Wait for a step that is due in a moment, unless somebody else waits for a worker; whether that was done."""
    if waker.others_wait(job):
        return False
    next_due = _waiting_for_time(job).order_by("due_at").values_list("due_at", flat=True).first()
    if next_due is None or (left := (next_due - timezone.now()).total_seconds()) > STAY_SECONDS:
        return False
    time.sleep(max(0, left))
    return True


class Crew:
    """Up to so many steps at a time, each in a thread; a crew of one works in the caller's own."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.pool = ThreadPoolExecutor(threads) if threads > 1 else None
        # By the step's id.
        self.at: dict[UUID, Future[None]] = {}

    def __enter__(self) -> "Crew":
        return self

    def __exit__(self, *exception: object) -> None:
        if self.pool:
            self.pool.shutdown()

    @property
    def free(self) -> int:
        return self.threads - len(self.at)

    def take(self, run: StepRun) -> None:
        if self.pool:
            # In the caller's context: logs read the job there, and a sync's progress is told from there.
            self.at[run.step.pk] = self.pool.submit(copy_context().run, _advance_in_thread, run)
        else:
            _advance(run)
            self.at[run.step.pk] = _done_already()

    def wait(self) -> None:
        """Until one is done, or for as long as none else can have become due."""
        done, _ = wait(self.at.values(), timeout=CREW_SECONDS, return_when=FIRST_COMPLETED)
        for key in [key for key, future in self.at.items() if future in done]:
            self.at.pop(key).result()


def _done_already() -> Future[None]:
    future: Future[None] = Future()
    future.set_result(None)
    return future


def _ready(job: Job, busy: Collection[UUID], most: int) -> list[JobStep]:
    """Up to so many steps to look after now: those in flight first, then as many new ones as there are places.

    `busy`: the ids of those that are being looked after already.
    """
    due = list(
        _waiting_for_time(job)
        .filter(clock.due(timezone.now()))
        .exclude(pk__in=list(busy))
        .select_related("job", "waits_for")
        .order_by("-holds_slot", "position")
    )
    waiting = [s for s in due if s.slot and not s.holds_slot and not s.cancel_requested and not _orphaned(s)]
    ready = [s for s in due if s not in waiting and not _is_paused(s)][:most]
    asked = waiting[: most - len(ready)]
    granted = slots.take(asked)
    if len(granted) < len(asked):
        late = [s.pk for s in waiting if s not in granted]
        job.steps.filter(pk__in=late).update(due_at=timezone.now() + SLOT_PATIENCE)
    return ready + granted


def _waiting_for_time(job: Job) -> QuerySet[JobStep]:
    """The steps that wait for nothing but their time."""
    return job.steps.filter(status__in=ACTIVE).exclude(waits_for__status__in=ACTIVE)


def _may_have_begun(step: JobStep) -> bool:
    return bool(step.external_id or step.intent_at)


def _is_paused(step: JobStep) -> bool:
    """Whether a step that has a place but has not begun must wait, since everybody was asked to."""
    if not step.holds_slot or step.cancel_requested or _may_have_begun(step):
        return False
    until = slots.paused_until(step.slot)
    if until:
        JobStep.objects.filter(pk=step.pk).update(due_at=until)
    return bool(until)


def _orphaned(step: JobStep) -> bool:
    return step.waits_for is not None and step.waits_for.status != State.COMPLETED


def _advance_in_thread(run: StepRun) -> None:
    try:
        _advance(run)
    finally:
        connections.close_all()


def _advance(run: StepRun) -> None:
    """One look at one step; whatever comes of it is written, unless it is no longer ours to write."""
    with process.working_on(step=run.step.key):
        _look_and_settle(run)


def _look_and_settle(run: StepRun) -> None:
    try:
        try:
            _settle(run, _look(run))
        except (LeaseLost, OperationalError):
            raise
        except Exception as error:
            # An outcome that can't be written fails the step: else it would be tried for ever.
            _settle(run, _bug(run, error))
    except LeaseLost as lost:
        log.info("%s", lost)
    except OperationalError as error:
        log.warning("Step %s could not be saved and is looked at again: %s", run.step.pk, error)
        # A full disk, say, is not to be asked a thousand times a second.
        time.sleep(DATABASE_PATIENCE)


def _look(run: StepRun) -> Outcome | Permanent | Passing:
    handler: Handler = import_string(run.step.handler)()
    try:
        if run.step.cancel_requested:
            return handler.cancel(run) or Drop(_("Cancelled."))
        if run.step.waits_for and _orphaned(run.step):
            return Permanent(
                _("Not started, since this was not done: %(label)s.") % {"label": run.step.waits_for.label}
            )
        if run.step.status == State.PENDING:
            run.save(status=State.RUNNING, started_at=run.step.started_at or timezone.now())
        return handler.advance(run)
    except (Permanent, Passing) as failure:
        return failure
    except (LeaseLost, OperationalError):
        raise
    except OSError as error:
        return _trouble(error) or _bug(run, error)
    except MemoryError:
        return Passing(_("There is not enough memory just now; it is tried again."))
    except Exception as error:
        # A bug in one handler must not stop the other steps.
        return _bug(run, error)


def _trouble(error: OSError) -> Passing | None:
    """The outcome of a step whose machine is in trouble; None where the error is a bug of ours."""
    if error.errno in NO_ROOM or error.errno == errno.EROFS:
        # It waits as long as it takes: a paid result must not be lost for it.
        return Passing(_why_full(error), retry_after=FULL_SECONDS, counts=False)
    if error.errno == errno.EHOSTUNREACH:
        # The server that keeps files is away; a paid result waits at the other side meanwhile.
        return Passing(messages.of(error), retry_after=AWAY_SECONDS)
    if isinstance(error, MISPLACED):
        return None
    reason = os.strerror(error.errno) if error.errno else type(error).__name__
    return Passing(
        _("A file could not be read or written (%(reason)s); it is tried again.") % {"reason": reason}
    )


def _why_full(error: OSError) -> messages.Message:
    if error.errno == errno.EROFS:
        return _("The disk can be read but not written; mend that and it goes on by itself.")
    return _("The disk is full; make room and it goes on by itself.")


def _bug(run: StepRun, error: Exception) -> Permanent:
    log.exception("Step %s of job %s broke", run.step.pk, run.step.job_id)
    return Permanent(
        _("An internal error (%(kind)s); the log has the details.") % {"kind": type(error).__name__},
        spent=run.was_answered,
    )


def _settle(run: StepRun, outcome: Outcome | Permanent | Passing) -> None:
    match outcome:
        case Wait(seconds=seconds):
            run.save(due_at=timezone.now() + timedelta(seconds=seconds))
        case Done():
            _end(
                run,
                outcome.commit,
                status=State.COMPLETED,
                result=outcome.result,
                error="",
            )
        case Drop(reason=reason):
            _end(run, status=State.CANCELLED, error=reason, **_detached(run))
        case Passing():
            _try_later(run, outcome)
        case Permanent():
            spent = _detached(run) if outcome.spent else {}
            _end(run, status=State.FAILED, error=messages.of(outcome), result=outcome.result, **spent)


def _detached(run: StepRun) -> dict[str, Any]:
    """Fields of a step that asks the other side anew when it is tried again; the former id is kept in its memory."""
    spent = [*run.step.memory.get("spent", []), *([run.step.external_id] if run.step.external_id else [])]
    return {"external_id": "", "intent_at": None, "memory": {"spent": spent} if spent else {}}


def _try_later(run: StepRun, failure: Passing) -> None:
    attempts = run.step.attempts + int(failure.counts)
    if attempts >= MOST_ATTEMPTS:
        _end(run, status=State.FAILED, error=messages.of(failure), attempts=attempts)
        return
    if failure.retry_after is not None:
        pause = min(clock.LONGEST_PAUSE.total_seconds(), max(0, failure.retry_after))
    else:
        pause = min(LONGEST_BACKOFF, 2**attempts) * random.uniform(0.5, 1)  # noqa: S311 - spreads retries
    run.save(
        attempts=attempts,
        error=messages.of(failure),
        due_at=timezone.now() + timedelta(seconds=pause),
        # One that has surely not begun lets others have its place while it waits.
        holds_slot=run.step.holds_slot and _may_have_begun(run.step),
    )
    if run.step.slot and not failure.counts:
        slots.pause(run.step.slot, pause)


def _end(run: StepRun, commit: Callable[[], object] | None = None, **fields: Any) -> None:
    with transaction.atomic():
        run.step.job.locked()
        run.save(completed_at=timezone.now(), holds_slot=False, **fields)
        if commit:
            commit()
        progress.refresh(run.step.job)
        if run.step.slot:
            slots.wake_waiting(run.step.slot)


def _park(job: Job) -> None:
    """A job that its runners die of is failed, so that it takes no more of them with it."""
    now = timezone.now()
    job.steps.filter(status__in=ACTIVE).update(
        status=State.FAILED,
        error=_("Its runner died %(number)s times in a row; look at the log, then retry the job.")
        % {"number": lease.MOST_DEATHS},
        completed_at=now,
        holds_slot=False,
    )
    progress.finish(job)
