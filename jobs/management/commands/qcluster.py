"""`manage.py qcluster`: django-q2's cluster, and beside it the waker that guarantees progress."""

from typing import Any

from django.core.management.base import CommandParser
from django_q.management.commands.qcluster import Command as ClusterCommand

from jobs import process, supervisor


class Command(ClusterCommand):  # type: ignore[misc] # django-q2 is not typed
    help = "Runs the queue's workers and the waker that sees to it that every job gets one. Ctrl-C or SIGTERM ends it."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--only-cluster",
            action="store_true",
            help="Only the workers, without waker and watch. The command starts itself this way.",
        )

    def handle(self, *args: Any, only_cluster: bool = False, **options: Any) -> None:
        if only_cluster:
            process.end_with_supervisor()
            super().handle(*args, **options)
        else:
            supervisor.Supervisor(self.stdout).run()
