"""Serves the page and answers its questions, to this computer alone.

Whatever a browser tab of another site may try, it gets nothing: the server listens on the loopback address, answers
only to its own name (no DNS rebinding), takes only JSON (no form of another page), and the page itself may load and ask
nothing but this server.
"""

from __future__ import annotations

import json
import mimetypes
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from power.errors import PowerError

ADDRESS = "127.0.0.1"
PAGE = Path(__file__).with_name("page")
MOST_BYTES = 64 * 1024
"""Of a question."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_SILENT_S = 10.0

Answer = Callable[[bytes], dict[str, Any]]
"""From a question's bytes to what is answered; PowerError for what the asker can put right."""


class ExploreServer(ThreadingHTTPServer):
    """The page at `url`, and `answers` by path, computed one at a time."""

    daemon_threads = True

    def __init__(self, answers: Mapping[str, Answer], port: int = 0) -> None:
        """Listens at `port`, or at a free one; PowerError where that is taken."""
        self.answers = dict(answers)
        self.files = {f"/{path.name}": path for path in PAGE.iterdir() if path.is_file()}
        self.files["/"] = self.files["/index.html"]
        self.computing = threading.Lock()
        try:
            super().__init__((ADDRESS, port), _Handler)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise PowerError(f"port {port} cannot be used ({reason}); leave --port away for a free one") from error
        self.names = {f"{name}:{self.server_port}" for name in (ADDRESS, "localhost")}

    @property
    def url(self) -> str:
        """Where a browser finds the page."""
        return f"http://{ADDRESS}:{self.server_port}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away in the middle of an answer is nothing to report."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Refusal(Exception):
    def __init__(self, status: HTTPStatus, text: str) -> None:
        super().__init__(text)
        self.status = status


class _Handler(BaseHTTPRequestHandler):
    server: ExploreServer
    protocol_version = "HTTP/1.1"
    server_version = "earshot"
    sys_version = ""
    timeout = _SILENT_S

    def do_GET(self) -> None:
        """The page's files."""
        try:
            self._check_name()
            path = self.path.partition("?")[0]
            if path in self.server.answers:
                raise _Refusal(HTTPStatus.METHOD_NOT_ALLOWED, f"ask {path} by POST")
            if path not in self.server.files:
                raise _Refusal(HTTPStatus.NOT_FOUND, "there is nothing here")
            file = self.server.files[path]
            kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            self._send(HTTPStatus.OK, file.read_bytes(), f"{kind}; charset=utf-8")
        except _Refusal as refusal:
            self._refuse(refusal)

    do_HEAD = do_GET

    def do_POST(self) -> None:
        """A question to the model."""
        try:
            self._check_name()
            answer = self.server.answers.get(self.path)
            if answer is None:
                raise _Refusal(HTTPStatus.NOT_FOUND, "there is nothing to ask here")
            body = self._body()
            try:
                with self.server.computing:
                    document = answer(body)
            except PowerError as error:
                raise _Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from error
            except Exception as error:
                # A defect, whose place the terminal shows; the page stays up.
                traceback.print_exc()
                raise _Refusal(
                    HTTPStatus.INTERNAL_SERVER_ERROR, f"the model failed: {type(error).__name__}; see the terminal"
                ) from error
            self._send_json(HTTPStatus.OK, document)
        except _Refusal as refusal:
            self._refuse(refusal)

    def _check_name(self) -> None:
        host, origin = self.headers.get("Host", ""), self.headers.get("Origin")
        if host not in self.server.names or (origin is not None and origin != f"http://{host}"):
            raise _Refusal(HTTPStatus.FORBIDDEN, f"open {self.server.url} itself")

    def _body(self) -> bytes:
        if self.headers.get_content_type() != "application/json":
            raise _Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "a question is application/json")
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            raise _Refusal(HTTPStatus.LENGTH_REQUIRED, "a question says its Content-Length")
        if len(length) > 9 or int(length) > MOST_BYTES:
            raise _Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a question has at most {MOST_BYTES} bytes")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise _Refusal(HTTPStatus.BAD_REQUEST, "the question ends early")
        return body

    def _refuse(self, refusal: _Refusal) -> None:
        self.close_connection = True  # what is left of the question is not read
        self._send_json(refusal.status, {"error": str(refusal)})

    def _send_json(self, status: HTTPStatus, document: dict[str, Any]) -> None:
        self._send(status, json.dumps(document, allow_nan=False).encode(), "application/json")

    def _send(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.send_header("Cache-Control", "no-store")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Every request would be a line; errors are on the page."""
