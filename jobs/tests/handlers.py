"""Jobs for tests: makers of them, and the handlers that their steps are made of."""

import os
import signal

from jobs import runner, services
from jobs.handlers import Done, Drop, Handler, Passing, Permanent, Wait


def step(key, handler="Waits", **options):
    params = options.pop("params", {})
    return services.Step(
        key=key, label=f"Step {key}", handler=f"jobs.tests.handlers.{handler}", params=params, **options
    )


def start(*steps, **options):
    return services.start("generate_images", "winter", list(steps), **options)


def run(*steps, **options):
    return runner.run_here(start(*steps, **options).pk)


class Waits(Handler):
    """Looks twice: begins, then is done so many seconds later."""

    def advance(self, step):
        if not step.memory.get("begun"):
            step.remember(begun=True)
            return Wait(step.params.get("seconds", 0))
        return Done(result={"key": step.key})


class Fails(Handler):
    def advance(self, step):
        raise Permanent("The picture was refused; change its prompt.")


class Breaks(Handler):
    def advance(self, step):
        return {}["missing"]


class Stumbles(Handler):
    """Fails in passing as often as `times` says, then succeeds."""

    def advance(self, step):
        stumbled = step.memory.get("stumbled", 0)
        if stumbled < step.params["times"]:
            step.remember(stumbled=stumbled + 1)
            raise Passing(
                "The provider is out of breath.",
                retry_after=step.params.get("retry_after", 0),
                counts=step.params.get("counts", True),
            )
        return Done()


class Kills(Handler):
    """Takes its runner with it."""

    def advance(self, step):
        os.kill(os.getpid(), signal.SIGKILL)


class Drops(Handler):
    def advance(self, step):
        return Drop("The card is gone.")


class CommitsNonsense(Handler):
    def advance(self, step):
        return Done(commit=lambda: int("nonsense"))


class CancelsThenAdds(Handler):
    """Somebody cancels the job while it thinks; then it adds a step."""

    def advance(self, step):
        services.cancel(step.job)
        more = services.Step(key="more", label="More", handler="jobs.tests.handlers.Waits")
        return Done(commit=lambda: services.add_steps(step.job, [more]))
