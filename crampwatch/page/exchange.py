"""A request and its answer, apart from the server that carries them."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Literal, NamedTuple

Method = Literal["GET", "POST"]

STRICT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
"""What a browser may do with the page: load and call what is on this server, nothing else, and nothing inline."""
HTML = "text/html; charset=utf-8"


class Request(NamedTuple):
    """What a browser asked; header names are in lower case, the path is decoded and without its query."""

    method: Method
    path: str
    query: str = ""
    headers: Mapping[str, str] = {}
    body: bytes = b""


class Response(NamedTuple):
    """What it is answered."""

    status: HTTPStatus
    body: bytes
    content_type: str
    policy: str = STRICT
    headers: tuple[tuple[str, str], ...] = ()


class Refused(Exception):
    """A request that is not done. `key` names the sentence of the catalogue that says why and what to do."""

    def __init__(self, status: HTTPStatus, key: str, **values: object) -> None:
        super().__init__(key)
        self.status, self.key, self.values = status, key, values


def html(page: str, status: HTTPStatus = HTTPStatus.OK, policy: str = STRICT) -> Response:
    """A page."""
    return Response(status, page.encode(), HTML, policy)


def see(path: str) -> Response:
    """Go and look there: the answer to a form, so that loading the page anew does not send it again."""
    return Response(HTTPStatus.SEE_OTHER, b"", HTML, headers=(("Location", path),))
