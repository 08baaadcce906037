"""Carries requests to the page and answers back, by the standard library's server."""

import logging
import socket
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

from crampwatch.page.exchange import Method, Refused, Request, Response

log = logging.getLogger(__name__)

LARGEST_FORM = 128 * 1024
"""Bytes: an evening note with all five parts as long as they may be, each character in the twelve it takes at most."""
DRAINED = 1 << 20
"""Bytes of a body too large that are read all the same: closed at once, the browser would not see the answer."""
PATIENCE_S = 10.0
"""How long a browser may take over its request; a phone in a dead spot must not hold a thread for ever."""
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",  # with none at all a browser sends the forms with `Origin: null`
    "Cache-Control": "no-store",  # yesterday's state must never be shown as today's
}


class PageServer(ThreadingHTTPServer):
    """Listens; each request has a thread of its own, which ends with the answer.

    `answer` is what the page says; `refusal` puts into a page why something is not done.
    """

    daemon_threads = True

    def __init__(
        self, host: str, port: int, answer: Callable[[Request], Response], refusal: Callable[[Refused], Response]
    ) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.answer, self.refusal = answer, refusal
        super().__init__((host, port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    """One request. Connections are not kept: each answer ends its own."""

    server: PageServer
    timeout = PATIENCE_S
    server_version, sys_version = "crampwatch", ""
    error_message_format = "%(code)d %(message)s\n"
    error_content_type = "text/plain; charset=utf-8"

    def do_GET(self) -> None:
        self._answer("GET", b"")

    def do_POST(self) -> None:
        try:
            body = self._body()
        except Refused as refused:
            self._send(self.server.refusal(refused))
        except TimeoutError:
            self._send(self.server.refusal(Refused(HTTPStatus.REQUEST_TIMEOUT, "page.refused_slow")))
        else:
            self._answer("POST", body)

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            raise Refused(HTTPStatus.LENGTH_REQUIRED, "page.refused_form")
        if int(length) > LARGEST_FORM:
            self.rfile.read(min(int(length), DRAINED))
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "page.refused_large")
        return self.rfile.read(int(length))

    def _answer(self, method: Method, body: bytes) -> None:
        asked = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            response = self.server.answer(Request(method, unquote(asked.path), asked.query, headers, body))
        except Refused as refused:
            response = self.server.refusal(refused)
        except Exception:
            log.exception("%s %s failed", method, asked.path)
            failed = Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "page.refused_failed")
            response = self.server.refusal(failed)
        self._send(response)

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        told = {**ALWAYS, "Content-Type": response.content_type, "Content-Security-Policy": response.policy}
        for name, value in (*told.items(), ("Content-Length", str(len(response.body))), *response.headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(response.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the standard library's name for it
        log.debug(format, *args)
