import pytest
from django_q.brokers import get_broker
from django_q.signing import SignedPackage

from jobs import runner


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    """What one slice gets done is no matter of how busy the machine is."""
    monkeypatch.setattr(runner, "SLICE_SECONDS", 300)


@pytest.fixture
def queued(db):
    """Takes out what lies in the queue: calls as `(path, *arguments)`."""
    broker = get_broker()
    broker.purge_queue()

    def take():
        messages = [message for _ in range(broker.queue_size()) for message in broker.dequeue()]
        broker.purge_queue()
        calls = [SignedPackage.loads(content) for _id, content in messages]
        return [(call["func"], *call["args"]) for call in calls]

    return take
