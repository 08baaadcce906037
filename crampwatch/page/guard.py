"""Who may use the page: nothing from another site, no other name for this machine, beyond it nobody without the key."""

import ipaddress
from collections.abc import Collection
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from crampwatch.page.exchange import Refused, Request
from crampwatch.page.key import PageKey

COOKIE = "crampwatch"
ENTRANCE = "/enter"
"""Where a device comes with the key for the first time."""
A_YEAR_S = 365 * 24 * 3600
"""How long a browser keeps the key: asking for it at 3 a.m. would be worse than keeping it long."""
OWN = ("same-origin", "none")
"""What a browser says in Sec-Fetch-Site of our own pages, and of what a person typed or chose from the bookmarks."""


class Guard:
    """Looks at each request before anything else does. Without a key everybody who reaches the page is let in."""

    def __init__(self, names: Collection[str], key: PageKey | None = None) -> None:
        self._names = {"localhost", *(name.lower() for name in names)}
        self._key = key

    def check_source(self, request: Request) -> None:
        """Raises Refused for a foreign name of this machine, and for what another site sends or builds in."""
        host = request.headers.get("host", "")
        if not self._is_ours(host):
            raise Refused(HTTPStatus.MISDIRECTED_REQUEST, "page.refused_name")
        if not (_sent_by(host, request) if request.method == "POST" else _opened(request)):
            raise Refused(HTTPStatus.FORBIDDEN, "page.refused_foreign")

    def knows(self, request: Request) -> bool:
        """Whether the browser brings the key, where there is one."""
        return self._key is None or self._key.opens(_cookie(request))

    def cookie_for(self, key: str) -> str | None:
        """What a browser that came with the key is to keep; None when it is not the key."""
        if self._key is None or not self._key.opens(key):
            return None
        return f"{COOKIE}={key}; Path=/; Max-Age={A_YEAR_S}; HttpOnly; SameSite=Strict"

    def _is_ours(self, host: str) -> bool:
        """Addresses are: a page that another site's name leads to (DNS rebinding) still has that site's name."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return name in self._names or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _sent_by(host: str, request: Request) -> bool:
    """Whether a form comes from our own page. Browsers say so in one of two headers; what says neither is none."""
    if site := request.headers.get("sec-fetch-site"):
        return site in OWN
    return urlsplit(request.headers.get("origin", "")).netloc.lower() == host.lower()


def _opened(request: Request) -> bool:
    """Whether a person opened this address, or our own page asks. Another site may lead here, and not look in."""
    foreign = request.headers.get("sec-fetch-site", OWN[0]) not in OWN
    return not foreign or request.headers.get("sec-fetch-dest") == "document"


def _cookie(request: Request) -> str:
    try:
        found = SimpleCookie(request.headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""
