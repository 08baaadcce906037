"""One recipient behind one of the services Apprise knows. Only the push process loads this.

An address holds what lets anybody send to it, or read. What Apprise and the libraries below it log is therefore kept
from the log, and what is told of it is cleared of every part of the address.
"""

import logging
import re
import threading
from typing import Any
from urllib.parse import unquote, urlsplit

import apprise

LIBRARIES = ("apprise", "urllib3", "requests", "oauthlib", "requests_oauthlib")
"""Whose log lines may quote an address."""
SHORTEST_SECRET = 4
"""Shorter parts of an address would blacken the words of any sentence and are no secrets."""
GIVEN_UP_S = 1.0
"""How long after the timeout the connection itself is let go: by then the attempt has been told as unanswered."""
QUIET = {"priority": "low", "silent": "yes"}
"""What services call it that nothing sounds, each where a service knows it."""


class BadAddress(ValueError):
    """Apprise does not understand the address; the text does not repeat it."""


class NotTaken(Exception):
    """A message was not taken, or not as far as is known; the text says why."""


class AppriseRecipient:
    """Sends to one address, a new connection for each message; raises BadAddress."""

    def __init__(self, address: str, timeout_s: float) -> None:
        for name in LIBRARIES:
            library = logging.getLogger(name)
            library.propagate = False
            library.addHandler(logging.NullHandler())
        self._timeout_s = timeout_s
        self._address = address
        service = _service(address, timeout_s)
        if service is None:
            raise BadAddress("Apprise does not understand its address; docs/how-to/push.md has examples")
        self._quiet_address = _quietened(address, service)
        self._secrets = _secrets(address, service)

    def send(self, title: str, text: str, *, quiet: bool) -> None:
        """Hand a message over; raises NotTaken.

        An attempt without an answer is given up after the timeout, and may have reached the service all the same.
        """
        attempt = _Attempt(self._quiet_address if quiet else self._address, title, text, quiet, self._timeout_s)
        attempt.start()
        attempt.join(self._timeout_s)
        if attempt.is_alive():
            raise NotTaken(f"no answer within {self._timeout_s:g} s")
        if not attempt.taken:
            raise NotTaken(self._told(attempt))

    def _told(self, attempt: "_Attempt") -> str:
        """The service's reason, cleared of the address."""
        reason = " ".join(attempt.heard[-1].split())[:300] if attempt.heard else "it gave no reason"
        for secret in self._secrets:
            reason = re.sub(re.escape(secret), "***", reason, flags=re.IGNORECASE)
        return reason


class _Attempt(threading.Thread):
    """Sends once, in a thread of its own: no service can hold up more than this thread."""

    def __init__(self, address: str, title: str, text: str, quiet: bool, timeout_s: float) -> None:
        super().__init__(daemon=True)
        self._address, self._timeout_s = address, timeout_s
        self._message = (text, title, apprise.NotifyType.INFO if quiet else apprise.NotifyType.WARNING)
        self.taken = False
        self.heard: list[str] = []

    def run(self) -> None:
        """Send; `taken` says whether it was, `heard` what the service said to it."""
        try:
            result = _alone(_service(self._address, self._timeout_s)).notify(*self._message, body_format="text")
        except Exception as error:  # whatever a service's plugin raises is that service's failure
            self.heard = [f"{type(error).__name__}: {error}"]
            return
        self.heard = [entry.message for entry in result.logs()]
        self.taken = bool(result)  # a failure is not raised, it is false


def _service(address: str, timeout_s: float) -> apprise.NotifyBase | None:
    """The address as Apprise understands it, or None."""
    asset = apprise.AppriseAsset(
        app_id="crampwatch",
        app_desc="crampwatch",
        app_url="",
        image_url_mask="",  # a phone would fetch the picture from somebody else's server
        image_url_logo="",
        async_mode=False,
        service_timeout=0,  # with one, Apprise would send in threads shared by all, which dead services use up
        http_redirects=False,  # a redirected POST becomes a GET, which says yes and delivers nothing
    )
    service = apprise.Apprise.instantiate(address, asset=asset)
    if not isinstance(service, apprise.NotifyBase):
        return None
    service.socket_connect_timeout = service.socket_read_timeout = timeout_s + GIVEN_UP_S
    return service


def _alone(service: apprise.NotifyBase | None) -> apprise.Apprise:
    alone = apprise.Apprise()
    if service is not None:
        alone.add(service)
    return alone


def _quietened(address: str, service: apprise.NotifyBase) -> str:
    """The address that makes no sound, where the service has such a thing; else the address."""
    for option, value in QUIET.items():
        if _knows(service, option, value):
            bare = re.sub(rf"(?<=[?&]){option}=[^&]*&?", "", address).rstrip("?&")
            return f"{bare}{'&' if '?' in bare else '?'}{option}={value}"
    return address


def _knows(service: apprise.NotifyBase, option: str, value: str) -> bool:
    """Whether the service has this option and, where Apprise lists its values, this one among them."""
    described: dict[str, Any] = service.template_args.get(option, {})
    if described.get("type") == "bool":
        return True
    values = described.get("values") or ()
    return value in (values.values() if isinstance(values, dict) else values)


def _secrets(address: str, service: apprise.NotifyBase) -> list[str]:
    """All parts of the address, the longest first, as written and with %-escapes undone.

    Without its scheme, and without a full host name where the service has one: others have a token in its place.
    """
    rest = address.partition("://")[2]
    parts = {rest, *re.split(r"[/:@?&=,;]", rest), *re.split(r"[/?&]", rest)}
    parts |= {unquote(part) for part in parts}
    host = urlsplit(address).hostname or ""
    if "host" in service.template_tokens and "." in host:
        parts.discard(host)
    return sorted((part for part in parts if len(part) >= SHORTEST_SECRET), key=len, reverse=True)
