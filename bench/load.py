"""A client that costs little: `measure` keeps connections busy from one process of its own, by sockets alone."""

import multiprocessing
import selectors
import socket
import time
from functools import cache

# Seconds.
PATIENCE = 30


class Connection:
    """One keep-alive connection that sends the same request again and again and reads each answer to its end."""

    def __init__(self, port, request):
        self.port, self.request = port, request
        self.open()

    def open(self):
        self.socket = socket.create_connection(("127.0.0.1", self.port))
        self.socket.setblocking(False)
        self.buffer, self.wanted, self.status = bytearray(), None, 0

    def send(self):
        self.socket.setblocking(True)
        self.socket.sendall(self.request)
        self.socket.setblocking(False)

    def receive(self):
        """Take what has come; returns the status once the answer is whole, None before."""
        data = self.socket.recv(1 << 20)
        if not data:
            raise ConnectionError("The server closed the connection in the middle of an answer.")
        if self.wanted is None:
            self.buffer += data
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return None
            self._read_head(bytes(self.buffer[:end]))
            self.wanted -= len(self.buffer) - end - 4
        else:
            self.wanted -= len(data)
        if self.wanted > 0:
            return None
        self.buffer, self.wanted = bytearray(), None
        return self.status

    def _read_head(self, head):
        lines = head.split(b"\r\n")
        self.status, self.wanted = int(lines[0].split()[1]), 0
        for line in lines[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length" and self.status != 304:
                self.wanted = int(value)


def request(path, headers):
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", "Accept: application/json"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def drive(port, path, headers, clients, seconds):
    """`{"rate": answers per second, "statuses": {status: number}, "failures": [sentence]}`.

    It takes longer where not even the first answer to each client came within these seconds.
    """
    chosen, statuses, failures = selectors.DefaultSelector(), {}, []
    for _ in range(clients):
        one = Connection(port, request(path, headers))
        chosen.register(one.socket, selectors.EVENT_READ, one)
        one.send()
    began = time.perf_counter()
    spent = 0
    while spent < seconds or (sum(statuses.values()) < clients and spent < PATIENCE):
        for key, _ in chosen.select(0.1):
            _step(chosen, key, statuses, failures)
        spent = time.perf_counter() - began
    for key in list(chosen.get_map().values()):
        key.data.socket.close()
    return {"rate": sum(statuses.values()) / spent, "statuses": statuses, "failures": failures}


def _step(chosen, key, statuses, failures):
    one = key.data
    try:
        status = one.receive()
        if status:
            statuses[status] = statuses.get(status, 0) + 1
            one.send()
    except OSError as error:
        failures.append(str(error))
        chosen.unregister(one.socket)
        one.open()
        chosen.register(one.socket, selectors.EVENT_READ, one)
        one.send()


def measure(port, path, headers=None, clients=8, seconds=1.0):
    """The same from a process of its own, so that the client's work is not the measuring program's."""
    return _client().apply(drive, (port, path, headers or {}, clients, seconds))


@cache
def _client():
    """Started once: that takes longer than a turn."""
    return multiprocessing.get_context("spawn").Pool(1)
