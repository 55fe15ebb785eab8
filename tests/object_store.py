"""An object store for the tests: moto's server, and in front of it a gate that fails on demand."""

import http.client
import logging
import socket
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from moto.server import ThreadedMotoServer

# What the gate does with a request: an HTTP status, or where it cuts the connection.
CUT_BEFORE = "the request is read, and never answered"
CUT_IN_BODY = "only the start of the request's body is read"
CUT_IN_ANSWER = "only the first half of the answer is sent"
Failure = int | str | None
Rule = Callable[[str, str], Failure]
_CODES = {403: "AccessDenied", 404: "NoSuchBucket", 500: "InternalError", 503: "SlowDown"}
_OF_A_HOP = {"connection", "content-length", "date", "expect", "server", "transfer-encoding"}


@contextmanager
def moto_server() -> Iterator[str]:
    """Yield the ``host:port`` of a running S3."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"{host}:{port}"
    server.stop()


def make_bucket(endpoint: str, name: str) -> None:
    """Make a bucket."""
    request = urllib.request.Request(f"http://{endpoint}/{name}", method="PUT")
    urllib.request.urlopen(request).close()


@dataclass
class Gate:
    """Passes requests on to a store, except where its rule has a failure for them.

    Attributes:
        store: ``host:port`` of the store.
        endpoint: ``host:port`` of the gate.
        rule: Takes the method and the path with its query, and returns the failure.
        seen: Method, path and failure of each request so far.
    """

    store: str
    endpoint: str = ""
    rule: Rule = lambda method, path: None
    seen: list[tuple[str, str, Failure]] = field(default_factory=list)

    def fail(self, failure: Failure, times: int, method: str, path: str = "") -> None:
        """Fail the next requests of a method whose path holds some words."""
        left = iter(range(times))

        def rule(asked: str, place: str) -> Failure:
            meant = asked == method and path in place
            return failure if meant and next(left, None) is not None else None

        self.rule = rule

    def failed(self) -> int:
        """Return how many requests have failed."""
        return sum(failure is not None for _, _, failure in self.seen)


@contextmanager
def gate_to(store: str) -> Iterator[Gate]:
    """Yield a gate in front of a store."""
    gate = Gate(store)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"gate": gate}))
    server.daemon_threads = True
    gate.endpoint = f"127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield gate
    server.shutdown()
    server.server_close()
    thread.join()


class _Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    gate: Gate
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # the head and the body of an answer leave together

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def handle_expect_100(self) -> bool:
        going_on = super().handle_expect_100()
        self.wfile.flush()
        return going_on

    def answer(self) -> None:
        failure = self.gate.rule(self.command, self.path)
        self.gate.seen.append((self.command, self.path, failure))
        if failure == CUT_IN_BODY:
            self.rfile.read(1)
            return self.cut()
        body = self.body()
        if failure == CUT_BEFORE:
            return self.cut()
        if isinstance(failure, int):
            text = f"<Error><Code>{_CODES[failure]}</Code><Message>made up</Message></Error>"
            return self.send(failure, {}, text.encode(), len(text))
        upstream = http.client.HTTPConnection(self.gate.store)
        headers = {name: value for name, value in self.headers.items() if not of_a_hop(name)}
        upstream.request(self.command, self.path, body, headers)
        response = upstream.getresponse()
        content = response.read()
        upstream.close()
        length = int(response.getheader("Content-Length") or len(content))
        sent = content[: len(content) // 2] if failure == CUT_IN_ANSWER else content
        passed = {name: value for name, value in response.getheaders() if not of_a_hop(name)}
        self.send(response.status, passed, sent, length)
        return self.cut() if failure == CUT_IN_ANSWER else None

    def body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        pieces = []
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def send(self, status: int, headers: dict[str, str], content: bytes, length: int) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(length)}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else content)
        self.wfile.flush()

    def cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = answer  # noqa: N815 - the base class's names


def of_a_hop(name: str) -> bool:
    return name.lower() in _OF_A_HOP
