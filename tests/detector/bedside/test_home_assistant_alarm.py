"""The bedside and Home Assistant's stand-in at the broker as it is shipped, each with its own user and rights."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from collector.contract.broker import BrokerSettings
from collector.contract.messages import NS, Status
from collector.contract.topics import Place
from collector.mqtt_client import mqtt_client
from detector.alarm.ringing import Ring
from detector.alarm.settings import AlarmSettings
from detector.bedside.mqtt import BedsideLink
from detector.bedside.push_queue import PushNote
from detector.bedside.service import Bedside, Ways
from detector.diary.diary import Diary
from detector.messages import event_message
from detector.sight import Seen
from tests.detector.bedside.home_assistant_stand_in import PATIENCE_S, HomeAssistantStandIn, until
from tests.support.brokers import ShippedMosquitto
from tests.support.frames import event

W1, W2 = Place("w1", "left_calf"), Place("w2", "right-calf")


class NoSound:
    trouble = None

    def sound(self, ring: Ring, place: Place, text: str) -> None: ...
    def hush(self, place: Place, but: str | None) -> None: ...
    def look(self) -> None: ...
    def close(self) -> None: ...


class NoPush:
    def append(self, note: PushNote) -> bool:
        return True

    def close(self) -> None: ...


class AtTheBedside:
    """A bedside that runs, and what collector and detector tell it."""

    def __init__(self, broker: ShippedMosquitto, diary: Path) -> None:
        self._broker, self._diary = broker, diary
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def say(self, place: Place, what: str, message: msgspec.Struct, *, retain: bool = True) -> None:
        client = mqtt_client(self._broker.access("collector" if what == "status" else "detector"))
        client.connect(self._broker.host, self._broker.port)
        client.loop_start()
        payload = msgspec.json.encode(message)
        client.publish(place.topic(what), payload, qos=1, retain=retain).wait_for_publish(PATIENCE_S)
        client.disconnect()
        client.loop_stop()

    def begin(self, place: Place) -> None:
        """A night is recorded and watched."""
        now_ns = time.time_ns()
        self.say(place, "status", Status(state="online", t_ns=now_ns, session="s"))
        self.say(place, "watch", Seen(state="WATCHING", since_ns=now_ns, text="Watching.", t_ns=now_ns))

    def cramp(self, place: Place) -> str:
        """A contraction that began 12 s ago is confirmed."""
        now_ns = time.time_ns()
        times = {"onset_ns": now_ns - 12 * NS, "suspected_ns": now_ns - 11 * NS, "alerted_ns": now_ns}
        confirmed = msgspec.structs.replace(event(60), wearer=place.wearer, site=place.site, **times)
        self.say(place, "event", event_message(confirmed, late=False, t_ns=now_ns), retain=False)
        return confirmed.id

    def close(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        link = BedsideLink(self._broker.access("alarm"))
        ways = Ways(lambda: Diary(self._diary), NoSound(), NoPush, link.publish)
        link.run(Bedside(AlarmSettings(), ZoneInfo("UTC"), [W1, W2], ways), self._stop)


@pytest.fixture
def diary(tmp_path: Path) -> Path:
    return tmp_path / "diary.sqlite"


@pytest.fixture
def bedside(shipped_mosquitto: ShippedMosquitto, diary: Path) -> Iterator[AtTheBedside]:
    bedside = AtTheBedside(shipped_mosquitto, diary)
    yield bedside
    bedside.close()


@pytest.fixture
def home(bedside: AtTheBedside, shipped_mosquitto: ShippedMosquitto) -> Iterator[HomeAssistantStandIn]:
    access: BrokerSettings = shipped_mosquitto.access("home")
    with HomeAssistantStandIn(access) as home:
        until(lambda: home.knows(2), "two devices")
        yield home


def becomes(home: HomeAssistantStandIn, wearer: str, state: str) -> None:
    (alarm,) = (entity for name, entity in home.entities.items() if wearer in name and name.endswith("_alarm"))
    until(lambda: alarm.state == state, f"{state} instead of {alarm.state}")


def test_a_cramp_reaches_home_assistant_and_each_of_its_buttons_does_what_it_says(
    home: HomeAssistantStandIn, bedside: AtTheBedside, diary: Path
) -> None:
    for place, wearer in ((W1, "w1"), (W2, "w2")):
        bedside.begin(place)
        becomes(home, wearer, "WATCHING")
    event_id = bedside.cramp(W1)
    becomes(home, "w1", "ALERT")
    until(lambda: home.triggered == [("crampwatch w1 left calf", "cramp", "started")], "the trigger")
    assert home.state("binary_sensor.crampwatch_w1_left_calf_cramp") == "on"
    assert home.state("binary_sensor.crampwatch_w2_right_calf_cramp") == "off"

    for key, state in (("snooze", "SNOOZED"), ("arm", "ALERT"), ("ack", "ACKED")):
        home.press(f"button.crampwatch_w1_left_calf_{key}")
        becomes(home, "w1", state)
    becomes(home, "w2", "WATCHING")
    assert home.entities["sensor.crampwatch_w1_left_calf_alarm"].attributes["by"] == "home assistant"

    with Diary(diary, read_only=True) as written:
        for key, answer in (("was_cramp", "cramp"), ("was_none", "not")):
            home.press(f"button.crampwatch_w1_left_calf_{key}")
            until(
                lambda answer=answer: [said.verdict for said in written.verdicts(W1).values()] == [answer],  # type: ignore[misc]
                f"the verdict {answer}",
            )
        assert set(written.verdicts()) == {event_id}


def test_a_bedside_that_is_stopped_leaves_nothing_available(home: HomeAssistantStandIn, bedside: AtTheBedside) -> None:
    bedside.begin(W1)
    becomes(home, "w1", "WATCHING")
    bedside.close()
    until(lambda: {entity.state for entity in home.entities.values()} == {"unavailable"}, "everything to go")


def test_a_home_assistant_that_comes_later_is_told_of_every_device(
    home: HomeAssistantStandIn, shipped_mosquitto: ShippedMosquitto
) -> None:
    for topic in list(home.devices):
        home.delete(topic)
    until(lambda: home.knows(0), "the devices to go")
    home.be_born()
    until(lambda: home.knows(2), "the devices to come back")
