"""Whether the MQTT broker lets us in, and takes what we publish."""

import time
from collections.abc import Callable, Collection

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from collector.contract.broker import BrokerSettings
from collector.contract.topics import Place
from crampwatch.doctor.finding import Finding, State

ANSWER_S = 5.0
"""A broker in the house answers within milliseconds, one on a busy Raspberry Pi within a second."""
STEP_S = 0.05
NOT_THERE = "start it, or correct host and port under [broker]"


def broker(settings: BrokerSettings, places: Collection[Place]) -> list[Finding]:
    """Connect with these settings; under MQTT 5, publish an empty sample message of each place, which detectors refuse.

    No other message would tell whether samples may be published, and this one neither replaces nor means anything.
    """
    visit = _Visit(settings)
    try:
        visit.connect()
    except OSError as error:
        if error.filename is not None:
            return [_problem(settings, f"the password file cannot be read ({error.strerror})", "correct password_file")]
        reason = error.strerror or "it does not answer in time"
        return [_problem(settings, f"there is no broker ({reason})", NOT_THERE)]
    try:
        return visit.findings(places)
    finally:
        visit.leave()


class _Visit:
    """One connection, made and ended for asking."""

    def __init__(self, settings: BrokerSettings) -> None:
        self._settings = settings
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5 if settings.protocol == "5" else paho.MQTTv311
        )
        self._entered: ReasonCode | None = None
        self._published: dict[int, ReasonCode] = {}
        self._client.on_connect = self._on_connect
        self._client.on_publish = self._on_publish

    def connect(self) -> None:
        """Raises OSError when there is nobody, or the password's file cannot be read."""
        if self._settings.username:
            self._client.username_pw_set(self._settings.username, self._settings.secret())
        self._client.connect_timeout = ANSWER_S
        self._client.connect(self._settings.host, self._settings.port, self._settings.keepalive_s)

    def findings(self, places: Collection[Place]) -> list[Finding]:
        """What the broker says to us."""
        self._wait(lambda: self._entered is not None)
        if self._entered is None:
            cure = "is it an MQTT broker, and does it speak this version? Set protocol under [broker]"
            return [_problem(self._settings, f"no answer to MQTT {self._settings.protocol}", cure)]
        if self._entered.is_failure:
            cure = "correct username and password under [broker]"
            return [_problem(self._settings, f"the broker refuses us ({self._entered})", cure)]
        if self._settings.protocol != "5":
            says = "lets us in; MQTT 3.1.1 does not tell whether we may publish"
            return [_finding(self._settings, "ok", says)]
        return [self._publishing(place) for place in places]

    def leave(self) -> None:
        """Say goodbye."""
        self._client.disconnect()

    def _publishing(self, place: Place) -> Finding:
        sent = self._client.publish(place.topic("emg"), b"", qos=1).mid
        self._wait(lambda: sent in self._published)
        reason = self._published.get(sent)
        if reason is None:
            return _problem(self._settings, "no answer to a published message", "look at the broker's log")
        if reason.is_failure:
            cure = "let this user write to crampwatch/v1/# in the broker's access control list"
            return _problem(self._settings, f"the broker denies what we publish ({reason})", cure, place)
        return _finding(self._settings, "ok", "lets us in and takes what we publish", place)

    def _wait(self, answered: Callable[[], bool]) -> None:
        deadline = time.monotonic() + ANSWER_S
        while not answered() and time.monotonic() < deadline:
            if self._client.loop(STEP_S) != paho.MQTT_ERR_SUCCESS:
                return

    def _on_connect(self, _: paho.Client, __: object, ___: object, reason: ReasonCode, ____: object) -> None:
        self._entered = reason

    def _on_publish(self, _: paho.Client, __: object, mid: int, reason: ReasonCode, ___: object) -> None:
        self._published[mid] = reason


def _problem(settings: BrokerSettings, says: str, cure: str, place: Place | None = None) -> Finding:
    return _finding(settings, "problem", says, place)._replace(cure=cure)


def _finding(settings: BrokerSettings, state: State, says: str, place: Place | None = None) -> Finding:
    about = f"{settings.host}:{settings.port}{f' for {place.wearer} {place.site}' if place else ''}"
    return Finding("broker", state, says, about=about)
