"""The way into the broker, one for everybody: a client made from the settings, and what keeps it out, in words."""

import logging
import math
import ssl
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from collector.contract.broker import BadAccess, BrokerSettings
from collector.contract.topics import everywhere

STEADY_S = 40.0
"""A connection that lasted for this long was a good one: after it the next attempt is made soon. It is longer than the
longest wait of any client, so that two that push each other out do so ever more slowly."""
TAKEN_OVER_S = 60.0
"""The wait after a broker has told that another client took our session over: only a person can mend that."""
REPEAT_S = 10.0
"""The pause before a message that was denied is said again: the broker's permissions change only by hand."""
UNSUPPORTED_PROTOCOL, TAKEN_OVER = 0x84, 0x8E
"""Reason codes of MQTT 5 (section 2.4); paho translates those of 3.1.1 into them."""
NOT_YET_VALID, EXPIRED, WRONG_HOST, WRONG_ADDRESS = 9, 10, 62, 64
"""What OpenSSL calls X509_V_ERR_... in x509_vfy.h."""

_log = logging.getLogger(__name__)


class Trouble(NamedTuple):
    """What is wrong with the broker or the way there, and what to do about it."""

    says: str
    cure: str

    def __str__(self) -> str:
        return f"{self.says}; {self.cure}{'' if self.cure.endswith('?') else '.'}"


def mqtt_client(broker: BrokerSettings, client_id: str = "", *, persistent: bool = False) -> paho.Client:
    """A client that is not connected yet; raises BadAccess when a file it needs is no good.

    With MQTT 3.1.1 a `persistent` one has a session that outlasts its connections; with MQTT 5 connecting decides.
    """
    five = broker.protocol == "5"
    client = paho.Client(
        CallbackAPIVersion.VERSION2,
        client_id,
        protocol=paho.MQTTv5 if five else paho.MQTTv311,
        clean_session=None if five else not persistent,
    )
    if broker.username:
        client.username_pw_set(broker.username, broker.secret())
    if broker.encrypted:
        client.tls_set_context(_tls(broker))
    client.on_subscribe = _tell_denied_filters
    return client


def unreachable(broker: BrokerSettings, error: OSError) -> Trouble:
    """Why there is no connection."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate(error)
    if isinstance(error, ssl.SSLError | ConnectionResetError) and broker.encrypted:
        cure = "name the port of its TLS listener, mostly 8883, or leave tls and ca_file out under [broker]"
        return Trouble("it does not speak TLS there", cure)
    return Trouble(
        f"it cannot be reached ({error.strerror or 'no answer in time'})", "is it running? Check host and port"
    )


def refused(reason: ReasonCode) -> Trouble:
    """Why the broker did not let us in."""
    if reason.value == UNSUPPORTED_PROTOCOL:
        return Trouble(f"it refuses us ({reason})", "set protocol under [broker]")
    return Trouble(f"it refuses us ({reason})", "check user and password under [broker]")


def not_answered(broker: BrokerSettings) -> Trouble:
    """Why a broker may have hung up before it let us in or refused us."""
    wants_tls = "" if broker.encrypted else "does this port want TLS? Then name a ca_file under [broker]; "
    return Trouble("it hung up without an answer", f"{wants_tls}does it speak MQTT {broker.protocol}?")


class Attempts:
    """What becomes of a client's connections: tells each trouble once, and how long to wait before the next attempt.

    The wait is doubled from `first_s` to `longest_s`, and only a connection that lasted makes it short again.
    """

    def __init__(
        self,
        broker: BrokerSettings,
        client_id: str,
        log: logging.Logger,
        wait_s: tuple[float, float],
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._broker = broker
        self._client_id = client_id
        self._log = log
        self._first_s, self._longest_s = wait_s
        self._monotonic_s = monotonic_s
        self._wait_s = self._first_s
        self._entered_s: float | None = None
        self._answered = False
        self._told: Trouble | None = None

    @property
    def entered(self) -> bool:
        """Whether the broker has let us in; paho's own answer stays yes after the broker has said goodbye."""
        return self._entered_s is not None

    def unreachable(self, error: OSError) -> None:
        """There was no connection."""
        self._tell(unreachable(self._broker, error))

    def answered(self, reason: ReasonCode) -> bool:
        """The broker answered; whether it let us in."""
        self._answered = True
        if reason.is_failure:
            self._tell(refused(reason))
            return False
        self._entered_s = self._monotonic_s()
        self._told = None
        return True

    def ended(self, reason: ReasonCode) -> None:
        """The connection ended."""
        answered, self._answered = self._answered, False
        entered_s, self._entered_s = self._entered_s, None
        if reason.value == TAKEN_OVER:
            self._wait_s = TAKEN_OVER_S
            self._tell(Trouble("another client took our session over", f"do two programs run as {self._client_id}?"))
        elif not reason.is_failure:
            return  # it was we who said goodbye
        elif entered_s is not None:
            self._lost(self._monotonic_s() - entered_s)
        elif not answered:
            self._tell(not_answered(self._broker))

    def next_s(self) -> float:
        """How long to wait this time."""
        wait_s, self._wait_s = self._wait_s, min(2 * self._wait_s, self._longest_s)
        return wait_s

    def _lost(self, lasted_s: float) -> None:
        says = f"the connection was lost after {lasted_s:.0f} s"
        if lasted_s >= STEADY_S:
            self._wait_s = self._first_s
            self._tell(Trouble(says, "is it still running?"))
        else:  # mosquitto before 2.0.15, and any broker of MQTT 3.1.1, does not say that another client took over
            self._tell(Trouble(says, f"when this goes on: do two programs run as {self._client_id}?"))

    def _tell(self, trouble: Trouble) -> None:
        if trouble != self._told:
            self._told = trouble
            self._log.warning("MQTT broker at %s: %s Trying again.", self._broker.address, trouble)


class Denials:
    """Which kinds of message the broker does not take from us: told once, and once more when it does."""

    def __init__(self, broker: BrokerSettings, log: logging.Logger) -> None:
        self._who = f"user {broker.username}" if broker.username else "anonymous clients"
        self._log = log
        self._denied: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._denied)

    def note(self, what: str, reason: ReasonCode, topics: str | None = None) -> None:
        """Take note of the answer to a publish; `topics` is the filter of those topics that are not our contract's."""
        if reason.is_failure and what not in self._denied:
            self._denied.add(what)
            rule = f"let {self._who} write to {topics or everywhere(what)} in its access control list"
            self._log.error("the MQTT broker denies us %s (%s); %s; trying again", what, reason, rule)
        elif what in self._denied and not reason.is_failure:
            self._denied.remove(what)
            self._log.warning("the MQTT broker takes %s again", what)


class Repeats:
    """When to say again what the broker has denied, and of what is retained the newest of each topic.

    Nothing else would: what is retained is said when it changes, and may not change for a day.
    """

    def __init__(self, pause_s: float, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._pause_s = pause_s
        self._monotonic_s = monotonic_s
        self._retained: dict[str, bytes] = {}
        self._denied: set[str] = set()
        self._due_s = math.inf

    def said(self, topic: str, payload: bytes) -> None:
        """This is the newest retained message of its topic."""
        self._retained[topic] = payload

    def answered(self, topic: str, reason: ReasonCode) -> None:
        """Take note of the answer to a publish."""
        if not reason.is_failure:
            self._denied.discard(topic)
            return
        self._denied.add(topic)
        self._due_s = min(self._due_s, self._monotonic_s() + self._pause_s)

    def due(self) -> bool:
        """Whether something was denied and the pause is over; true once for each pause."""
        if self._monotonic_s() < self._due_s:
            return False
        self._due_s = math.inf
        return True

    def denied(self) -> list[tuple[str, bytes]]:
        """Topics whose last answer was a denial, and the newest retained message of each."""
        return [(topic, payload) for topic, payload in self._retained.items() if topic in self._denied]


class _TlsSocket(ssl.SSLSocket):
    """Closed when its handshake fails; paho forgets it then, and it would stay open until it is collected."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


def _tls(broker: BrokerSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=broker.ca_file)
        context.sslsocket_class = _TlsSocket
        return context
    except OSError as error:
        why = "holds no certificate" if isinstance(error, ssl.SSLError) else f"cannot be read ({error.strerror})"
        cure = "name a copy of the broker's ca.crt as ca_file under [broker]"
        raise BadAccess("the CA file", str(broker.ca_file), why, cure) from error


def _certificate(error: ssl.SSLCertVerificationError) -> Trouble:
    clock = "is this computer's clock right?"
    if error.verify_code in (WRONG_HOST, WRONG_ADDRESS):
        cure = "under [broker], name the host as its certificate does, or have one made for this name"
        return Trouble("its certificate is for another host name", cure)
    if error.verify_code == EXPIRED:
        return Trouble("its certificate has expired", f"have a new one made; {clock}")
    if error.verify_code == NOT_YET_VALID:
        return Trouble("its certificate is not valid yet", clock)
    cure = "name a copy of the broker's ca.crt as ca_file under [broker], and start again"
    return Trouble(f"its certificate is not signed by an authority we trust ({error.verify_message})", cure)


def _tell_denied_filters(_: paho.Client, __: object, ___: int, reasons: Iterable[ReasonCode], ____: object) -> None:
    """Mosquitto grants every subscription and delivers what may be read; others say what may not."""
    for reason in reasons:
        if reason.is_failure:
            _log.error("the MQTT broker denies us a subscription (%s); check its access control list", reason)
