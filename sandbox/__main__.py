"""``python -m sandbox --state DIR``: runs the sandbox until SIGTERM or SIGINT."""

import argparse
import asyncio
import ipaddress
import os
import re
import socket
import sys
from pathlib import Path

import uvicorn

from sandbox.app import build_app
from sandbox.wire import Protocol

MOST_HEADERS = 128_000  # bytes, the request line included
SWITCH_SECONDS = 0.0005  # a tune being composed in a thread must not hold up requests
SECONDS_KEPT_ALIVE = 75  # as the gateways of the real services do
SECONDS_TO_STOP = 1
HIGHEST_PORT = 65_535


class Server(uvicorn.Server):
    """Prints a line on stdout once it listens."""

    def __init__(self, config: uvicorn.Config, address: str):
        super().__init__(config)
        self.address = address

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(f"sandbox ready on {self.address}", flush=True)

    def stop_at_eof(self) -> None:
        """Stops when stdin is closed, as it is when the parent dies."""
        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), self._read_stdin)

    def _read_stdin(self) -> None:
        if not os.read(sys.stdin.fileno(), 1024):
            self.should_exit = True
            asyncio.get_running_loop().remove_reader(sys.stdin.fileno())


def loopback(host: str) -> str:
    if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
        raise argparse.ArgumentTypeError(
            f"{host} can be reached from outside; use a loopback address, such as 127.0.0.1"
        )
    return "127.0.0.1" if host == "localhost" else host


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="sandbox", description="A local stand-in for Replicate and Supabase."
    )
    parser.add_argument("--host", type=loopback, default="127.0.0.1", help="a loopback address (127.0.0.1)")
    parser.add_argument(
        "--port",
        type=int,
        default=0,
        help="0, the default: the one of the last start with this state if it is free, else a free one",
    )
    parser.add_argument("--state", type=Path, required=True, metavar="DIR", help="where it keeps its data")
    parser.add_argument("--key", default="sandbox", help="the token and API key that it accepts (sandbox)")
    parser.add_argument("--until-eof", action="store_true", help="stop when stdin, a pipe, is closed")
    return parser.parse_args()


def bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # asyncio then sets TCP_NODELAY
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        raise SystemExit(
            f"sandbox: port {port} of {host} cannot be used: {error.strerror}; take another --port"
        ) from error
    return listener


def bind_again(host: str, remembered: Path) -> socket.socket:
    """Binds the port in the file; without one, a free port, which is written there.

    When another program has taken that port, a free one is bound for now and the file stays as it is.
    """
    if not (port := _port_in(remembered)):
        listener = bind(host, 0)
        remembered.parent.mkdir(parents=True, exist_ok=True)
        remembered.write_text(str(listener.getsockname()[1]), "ascii")
        return listener
    try:
        return bind(host, port)
    except SystemExit as error:
        print(f"{error}; another one is used for now", file=sys.stderr)
        return bind(host, 0)


def _port_in(file: Path) -> int:
    """The port in a file; 0 for a missing or half-written file."""
    text = file.read_text("ascii", "replace") if file.exists() else ""
    port = int(text) if re.fullmatch(r"[0-9]{1,5}", text) else 0
    return port if port <= HIGHEST_PORT else 0


async def serve(server: Server, listener: socket.socket, until_eof: bool) -> None:
    if until_eof:
        server.stop_at_eof()
    await server.serve([listener])


def main() -> None:
    options = parse_options()
    sys.setswitchinterval(SWITCH_SECONDS)
    remembered = options.state / "port"
    listener = bind(options.host, options.port) if options.port else bind_again(options.host, remembered)
    host = f"[{options.host}]" if ":" in options.host else options.host
    config = uvicorn.Config(
        build_app(options.state, options.key),
        http=Protocol,
        ws="none",
        log_level="warning",
        access_log=False,
        h11_max_incomplete_event_size=MOST_HEADERS,
        timeout_keep_alive=SECONDS_KEPT_ALIVE,
        timeout_graceful_shutdown=SECONDS_TO_STOP,
    )
    server = Server(config, f"http://{host}:{listener.getsockname()[1]}")
    asyncio.run(serve(server, listener, options.until_eof))


if __name__ == "__main__":
    main()
