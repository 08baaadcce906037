"""Whether the MQTT broker lets us in, and whether what one part of the night publishes reaches the other."""

import ssl
import time
from collections.abc import Callable, Collection, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

import paho.mqtt.client as paho
from paho.mqtt.reasoncodes import ReasonCode

from collector.contract.broker import BadAccess, BrokerSettings
from collector.contract.topics import Place, everywhere
from collector.mqtt_client import Trouble, mqtt_client, not_answered, refused, unreachable
from crampwatch.doctor.finding import Finding, State

Part = Literal["collector", "detector"]
PARTS: tuple[Part, ...] = ("collector", "detector")

ANSWER_S = 5.0
"""A broker in the house answers within milliseconds, one on a busy Raspberry Pi within a second."""
STEP_S = 0.05
RENEW_DAYS = 30
"""Time enough to have a new certificate made."""
OFFERED = {"collector": "emg", "detector": "ack"}
"""What each publishes and the other reads that may be published empty: whoever reads it refuses that, it replaces
nothing, and no alarm hangs on it."""


def broker(settings: BrokerSettings, places: Collection[Place]) -> list[Finding]:
    """Enter as collector and as detector, as far as their passwords are here, and send an empty message each way.

    It goes to each place's `emg` and `ack`.
    """
    visits: dict[Part, _Visit] = {}
    try:
        for part in PARTS:
            entering = settings.as_role(part)
            if entering == settings or Path(entering.password_file or "").exists():
                visits[part] = _Visit(entering)
        troubles = [visit.enter() for visit in visits.values()]
    except BadAccess as error:
        return [_problem(settings, Trouble(f"{error.what} {error.why}", error.cure))]
    if not visits:
        says = "there is no password for collector or detector"
        return [_problem(settings, Trouble(says, "correct password_directory under [broker]"))]
    try:
        # The same trouble of both is told once.
        found = [_problem(settings, trouble) for trouble in dict.fromkeys(troubles) if trouble]
        return found or [
            *_encryption(settings, next(iter(visits.values()))),
            *(_way(settings, visits, part, place) for place in places for part in visits),
        ]
    finally:
        for visit in visits.values():
            visit.leave()


class _Visit:
    """One connection, made and ended for asking."""

    def __init__(self, settings: BrokerSettings) -> None:
        self._settings = settings
        self._client = mqtt_client(settings)
        self._client.connect_timeout = ANSWER_S
        self._entered: ReasonCode | None = None
        self._subscribed = False
        self._published: dict[int, ReasonCode] = {}
        self.heard: set[str] = set()  # the topics of empty messages
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_publish = self._on_publish
        self._client.on_message = self._on_message

    def enter(self) -> Trouble | None:
        """Connect; what is wrong where that fails."""
        try:
            self._client.connect(self._settings.host, self._settings.port, self._settings.keepalive_s)
        except OSError as error:
            return unreachable(self._settings, error)
        self.wait(lambda: self._entered is not None)
        if self._entered is None:
            return not_answered(self._settings)
        return refused(self._entered) if self._entered.is_failure else None

    def listen(self, topic: str) -> None:
        """Subscribe. Mosquitto says yes to everything; what may not be read it does not deliver."""
        self._subscribed = False
        self._client.subscribe(topic, qos=1)
        self.wait(lambda: self._subscribed)

    def publish(self, topic: str) -> ReasonCode | None:
        """Publish nothing on a topic; how the broker answers."""
        sent = self._client.publish(topic, b"", qos=1).mid
        self.wait(lambda: sent in self._published)
        return self._published.get(sent)

    def certificate(self) -> dict[str, object]:
        """The broker's certificate, as `ssl` has it; empty without one."""
        connection = self._client.socket()
        return dict(connection.getpeercert() or {}) if isinstance(connection, ssl.SSLSocket) else {}

    def wait(self, answered: Callable[[], bool]) -> bool:
        """Serve the network until then, for a while; whether it came."""
        deadline = time.monotonic() + ANSWER_S
        while not answered() and time.monotonic() < deadline:
            if self._client.loop(STEP_S) != paho.MQTT_ERR_SUCCESS:
                break
        return answered()

    def leave(self) -> None:
        """Say goodbye."""
        self._client.disconnect()

    def _on_connect(self, _: paho.Client, __: object, ___: object, reason: ReasonCode, ____: object) -> None:
        self._entered = reason

    def _on_subscribe(self, *_: object) -> None:
        self._subscribed = True

    def _on_publish(self, _: paho.Client, __: object, mid: int, reason: ReasonCode, ___: object) -> None:
        self._published[mid] = reason

    def _on_message(self, _: paho.Client, __: object, message: paho.MQTTMessage) -> None:
        if not message.payload:
            self.heard.add(message.topic)


def _way(settings: BrokerSettings, visits: Mapping[Part, _Visit], part: Part, place: Place) -> Finding:
    """What becomes of this part's message on its way to the other part."""
    topic = place.topic(OFFERED[part])
    reader = next((visit for other, visit in visits.items() if other != part), None)
    if reader:
        reader.listen(topic)
    reason = visits[part].publish(topic)
    if reason is None:
        return _problem(settings, Trouble("no answer to a published message", "look at the broker's log"), place)
    if reason.is_failure:
        cure = f"let its user write to {everywhere(OFFERED[part])} in the broker's access control list"
        return _problem(settings, Trouble(f"the broker denies what the {part} publishes ({reason})", cure), place)
    if reader is None:
        takes = "takes" if settings.protocol == "5" else "does not tell with MQTT 3.1.1 whether it takes"
        return _finding(settings, "ok", f"lets the {part} in and {takes} what it publishes", place)
    if not reader.wait(lambda: topic in reader.heard):
        cure = f"let one user write to {everywhere(OFFERED[part])} and the other read it, in the access control list"
        return _problem(settings, Trouble(f"what the {part} publishes does not arrive", cure), place)
    return _finding(settings, "ok", f"what the {part} publishes arrives", place)


def _encryption(settings: BrokerSettings, visit: _Visit) -> list[Finding]:
    """What others on the network could read, and how much longer the certificate that prevents it is good for."""
    if not settings.encrypted:
        if _is_this_computer(settings.host):
            return []
        cure = "use its TLS listener: crampwatch broker init --lan makes one"
        return [_finding(settings, "warning", "password and samples travel unencrypted")._replace(cure=cure)]
    expires_s = ssl.cert_time_to_seconds(str(visit.certificate()["notAfter"]))
    days = (expires_s - time.time()) / 86_400
    if days > RENEW_DAYS:
        return []
    cure = "delete the broker's server.crt and run crampwatch broker init again"
    return [_finding(settings, "warning", f"its certificate expires in {days:.0f} days")._replace(cure=cure)]


def _is_this_computer(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _problem(settings: BrokerSettings, trouble: Trouble, place: Place | None = None) -> Finding:
    return _finding(settings, "problem", trouble.says, place)._replace(cure=trouble.cure)


def _finding(settings: BrokerSettings, state: State, says: str, place: Place | None = None) -> Finding:
    about = f"{settings.address}{f' for {place.wearer} {place.site}' if place else ''}"
    return Finding("broker", state, says, about=about)
