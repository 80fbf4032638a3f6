"""`manage.py qcluster`: django-q2's cluster, and beside it the waker that guarantees progress."""

from django_q.management.commands.qcluster import Command as ClusterCommand

from jobs import cluster, supervisor


class Command(ClusterCommand):
    help = "Runs the queue's workers and the waker that sees to it that every job gets one. Ctrl-C or SIGTERM ends it."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument(
            "--only-cluster",
            action="store_true",
            help="Only the workers, without waker and watch. The command starts itself this way.",
        )

    def handle(self, *args, only_cluster=False, **options):
        if only_cluster:
            cluster.end_with_supervisor()
            super().handle(*args, **options)
        else:
            supervisor.Supervisor(self.stdout).run()
