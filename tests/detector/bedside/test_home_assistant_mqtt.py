"""What Home Assistant shows, and what its buttons say, at a real broker; a stand-in plays Home Assistant."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import msgspec
import pytest

from collector.contract.broker import BrokerSettings
from collector.contract.messages import Status
from collector.contract.topics import ALARM, Place
from collector.mqtt_client import mqtt_client
from detector.alarm.messages import AlarmState, FaultTold
from detector.bedside import inbox
from detector.bedside.home_assistant import OFFLINE, ONLINE, Publication, announce, config_topic, is_birth, withdraw
from detector.bedside.news import news
from detector.bedside.tonight import Tonight
from detector.catalogue.catalogue import load
from detector.messages import EventMessage, event_message
from tests.detector.bedside.home_assistant_stand_in import PATIENCE_S, HomeAssistantStandIn, read, until
from tests.support.blocks import START_NS
from tests.support.brokers import Mosquitto
from tests.support.frames import event

ENGLISH = load("en")
W1, W2 = Place("w1", "left_calf"), Place("mary-ann_", "_")
NIGHT = date(2026, 11, 19)
NO_DATA = FaultTold(
    kind="no_data", since_ns=START_NS, title="No data arrive from the wearable.", cure="Is it switched on?"
)
DATABASE = FaultTold(kind="database", since_ns=START_NS, title="The database sleeps.", cure="Start it.", soft=True)


def state(name: Any = "WATCHING", **more: Any) -> AlarmState:
    return AlarmState(state=name, since_ns=START_NS, by="detector", text="Watching.", t_ns=START_NS, **more)


def told(stage: Any, *, late: bool = False) -> EventMessage:
    end_s = None if stage == "confirmed" else 100.0
    return event_message(event(60, stage, end_s=end_s), late=late, t_ns=START_NS)


class PlayedBedside:
    """What the bedside says to the broker, said by the test; and whatever is commanded."""

    def __init__(self, broker: BrokerSettings) -> None:
        self.commanded: list[tuple[str, bytes, bool]] = []
        self._said: dict[Place, AlarmState] = {}
        self._client = mqtt_client(broker)
        self._client.on_message = lambda _, __, message: self._heard(
            message.topic, bytes(message.payload), message.retain
        )
        self._client.connect(broker.host, broker.port)
        self._client.subscribe([("crampwatch/v1/+/+/cmd/+", 1), ("homeassistant/status", 1)])
        self._client.loop_start()

    def publish(self, *messages: Publication) -> None:
        for topic, payload, retain in messages:
            self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(PATIENCE_S)

    def say(self, place: Place, what: str, message: msgspec.Struct | None, *, retain: bool = True) -> None:
        payload = msgspec.json.encode(message) if message else b""
        self.publish(Publication(place.topic(what), payload, retain))

    def show(self, place: Place, after: AlarmState) -> None:
        self.publish(Publication(ALARM, ONLINE, retain=True))
        self.say(place, "state", after)
        for item in news(self._said.get(place), after):
            self.say(place, "news", item, retain=False)
        self._said[place] = after

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _heard(self, topic: str, payload: bytes, retained: bool) -> None:
        if is_birth(topic, payload):
            for message in [*announce(W1, "1.2.3", ENGLISH), *announce(W2, "1.2.3", ENGLISH)]:
                self._client.publish(message.topic, message.payload, qos=1, retain=message.retain)
        elif "/cmd/" in topic:
            self.commanded.append((topic, payload, retained))


@pytest.fixture
def broker(mosquitto: Mosquitto) -> BrokerSettings:
    return BrokerSettings(port=mosquitto.port, username=mosquitto.username, password=mosquitto.password)


@pytest.fixture
def bedside(broker: BrokerSettings) -> Iterator[PlayedBedside]:
    bedside = PlayedBedside(broker)
    bedside.publish(*announce(W1, "1.2.3", ENGLISH), *announce(W2, "1.2.3", ENGLISH))
    yield bedside
    bedside.close()


@pytest.fixture
def home(bedside: PlayedBedside, broker: BrokerSettings) -> Iterator[HomeAssistantStandIn]:
    """A stand-in that knows both wearers."""
    with HomeAssistantStandIn(broker) as home:
        until(lambda: home.knows(2), "two devices")
        yield home


def shows(home: HomeAssistantStandIn, **expected: str) -> None:
    """Wait until the entities of w1's left calf show this."""
    by_key = {name.partition(".crampwatch_w1_left_calf_")[2]: entity for name, entity in home.entities.items()}
    until(lambda: {key: by_key[key].state for key in expected} == expected, f"the entities to show {expected}")


def test_each_wearer_is_a_device_with_entities_that_bear_his_name(home: HomeAssistantStandIn) -> None:
    assert {device.name for device in home.devices.values()} == {"crampwatch w1 left calf", "crampwatch mary-ann"}
    assert len(home.entities) == 28
    assert "button.crampwatch_w1_left_calf_ack" in home.entities
    assert "button.crampwatch_mary_ann_ack" in home.entities


def test_nothing_is_available_before_the_bedside_has_spoken_and_after_it_took_its_state_back(
    home: HomeAssistantStandIn, bedside: PlayedBedside
) -> None:
    assert {entity.state for entity in home.entities.values()} == {"unavailable"}
    bedside.show(W1, state())
    shows(home, alarm="WATCHING", ack="unknown")
    bedside.say(W1, "state", None)
    shows(home, alarm="unavailable", ack="unavailable", cramp="unavailable")


def test_nothing_is_available_once_the_alarm_is_said_to_be_gone_though_its_last_state_is_kept(
    home: HomeAssistantStandIn, bedside: PlayedBedside, broker: BrokerSettings
) -> None:
    bedside.show(W1, state())
    shows(home, alarm="WATCHING", ack="unknown")
    bedside.publish(Publication(ALARM, OFFLINE, retain=True))
    shows(home, alarm="unavailable", ack="unavailable", battery="unavailable")
    with HomeAssistantStandIn(broker) as restarted:
        until(lambda: restarted.knows(2), "both devices")
        shows(restarted, alarm="unavailable", ack="unavailable")


def test_the_entities_show_what_our_messages_say(home: HomeAssistantStandIn, bedside: PlayedBedside) -> None:
    bedside.show(W1, state())
    shows(home, cramp="off", fault="off", cause="-", alarm="WATCHING", event="unknown", cramps_tonight="unknown")
    bedside.show(W1, state("ALERT", event_id="e1", sounding="cramp"))
    shows(home, cramp="on", fault="off", alarm="ALERT")
    bedside.show(W1, state("ACKED", event_id="e1"))
    shows(home, cramp="on", alarm="ACKED")
    bedside.show(W1, state("FAULT", faults=(NO_DATA, DATABASE), sounding="fault"))
    shows(home, cramp="off", fault="on", cause="No data arrive from the wearable. The database sleeps.")
    fault = home.entities["binary_sensor.crampwatch_w1_left_calf_fault"]
    assert fault.attributes["faults"][0]["cure"] == "Is it switched on?"
    alarm = home.entities["sensor.crampwatch_w1_left_calf_alarm"]
    assert alarm.attributes == {"text": "Watching.", "by": "detector", "unanswered": False}


def test_every_state_of_the_alarm_is_one_of_the_options(home: HomeAssistantStandIn, bedside: PlayedBedside) -> None:
    for name in ("DISARMED", "WATCHING", "CANDIDATE", "ALERT", "ACKED", "SNOOZED", "FAULT", "MUTED"):
        bedside.show(W1, state(name))
        shows(home, alarm=name)


def test_a_fault_is_seen_while_the_collector_is_gone_and_its_figures_are_not(
    home: HomeAssistantStandIn, bedside: PlayedBedside
) -> None:
    figures = Tonight(t_ns=START_NS, night=NIGHT, cramps=2, watched_percent=96.4, battery_percent=71.0)
    bedside.say(W1, "tonight", figures)
    bedside.say(W1, "status", Status(state="online", t_ns=START_NS))
    bedside.show(W1, state())
    shows(home, cramps_tonight="2", watched="96.4", battery="71.0", skin_temperature="unknown")
    bedside.say(W1, "status", Status(state="offline", t_ns=START_NS))
    bedside.show(W1, state("FAULT", faults=(NO_DATA,)))
    shows(home, fault="on", battery="unavailable", skin_temperature="unavailable", cramps_tonight="2", watched="96.4")


def test_many_faults_are_cut_to_what_home_assistant_can_show(
    home: HomeAssistantStandIn, bedside: PlayedBedside
) -> None:
    bedside.show(W1, state("FAULT", faults=(NO_DATA,) * 14))
    shows(home, cause=" ".join(["No data arrive from the wearable."] * 14)[:255])


def test_a_cramp_is_an_event_when_it_starts_and_ends_and_a_late_one_is_told_apart(
    home: HomeAssistantStandIn, bedside: PlayedBedside
) -> None:
    for message in (told("rejected"), told("confirmed"), told("ended"), told("confirmed", late=True)):
        bedside.say(W1, "event", message, retain=False)
    happened = home.entities["event.crampwatch_w1_left_calf_event"].happened
    until(lambda: len(happened) == 3, "three events")
    assert [item["event_type"] for item in happened] == ["cramp_start", "cramp_end", "cramp_found_late"]
    assert happened[0]["event_id"] == event(60).id
    assert happened[0]["text"].startswith("Possible calf cramp for 12 s. Straighten your leg")
    assert not home.entities["event.crampwatch_mary_ann_event"].happened


def test_a_trigger_fires_once_for_what_begins_to_sound_and_not_for_its_repetition(
    home: HomeAssistantStandIn, bedside: PlayedBedside
) -> None:
    alert = state("ALERT", event_id="e1", sounding="cramp")
    for after in (state(), alert, alert, state(unanswered=True), state("FAULT", faults=(NO_DATA,), sounding="fault")):
        bedside.show(W1, after)
    shows(home, alarm="FAULT")
    until(lambda: len(home.triggered) == 3, "three triggers")
    assert home.triggered == [
        ("crampwatch w1 left calf", "cramp", "started"),
        ("crampwatch w1 left calf", "cramp", "unanswered"),
        ("crampwatch w1 left calf", "fault", "started"),
    ]


def test_home_assistants_restart_in_the_midst_of_an_alert_triggers_nothing_and_shows_it(
    home: HomeAssistantStandIn, bedside: PlayedBedside, broker: BrokerSettings
) -> None:
    bedside.show(W1, state("ALERT", event_id="e1", sounding="cramp"))
    bedside.say(W1, "event", told("confirmed"), retain=False)
    shows(home, cramp="on")
    with HomeAssistantStandIn(broker) as restarted:
        until(lambda: restarted.knows(2), "both devices")
        shows(restarted, cramp="on", alarm="ALERT")
        assert not restarted.triggered
        assert not restarted.entities["event.crampwatch_w1_left_calf_event"].happened


@pytest.mark.parametrize(("place", "slug"), [(W1, "w1_left_calf"), (W2, "mary_ann")])
def test_every_button_says_what_the_contract_understands_for_its_wearer(
    place: Place, slug: str, home: HomeAssistantStandIn, bedside: PlayedBedside
) -> None:
    bedside.show(place, state())
    buttons = [f"button.crampwatch_{slug}_{key}" for key in ("arm", "ack", "snooze", "was_cramp", "was_none")]
    until(lambda: home.state(buttons[-1]) != "unavailable", "the last button")
    for button in buttons:
        home.press(button)
    until(lambda: len(bedside.commanded) == len(buttons), "five commands")
    assert [(topic, retained) for topic, _, retained in bedside.commanded] == [
        *[(place.topic("cmd/alarm"), False)] * 3,
        *[(place.topic("cmd/verdict"), False)] * 2,
    ]
    said = [payload for _, payload, _ in bedside.commanded]
    commands = [inbox.command(payload, START_NS) for payload in said[:3]]
    verdicts = [inbox.verdict(payload, START_NS, "the latest") for payload in said[3:]]
    assert [(command.do, command.minutes) for command in commands] == [("arm", None), ("ack", None), ("snooze", 10)]
    assert [(verdict.event_id, verdict.verdict) for verdict in verdicts] == [
        ("the latest", "cramp"),
        ("the latest", "not"),
    ]
    assert {command.by for command in commands} | {verdict.by for verdict in verdicts} == {"home assistant"}


def test_a_device_that_is_withdrawn_disappears_and_does_not_come_back(
    home: HomeAssistantStandIn, bedside: PlayedBedside, broker: BrokerSettings
) -> None:
    bedside.publish(withdraw(W1))
    until(lambda: home.knows(1), "the device to go")
    assert len(home.entities) == 14
    with HomeAssistantStandIn(broker) as restarted:
        until(lambda: restarted.knows(1), "the other device")
        assert set(restarted.devices) == {config_topic(W2)}


def test_all_is_announced_again_when_home_assistant_has_started(
    home: HomeAssistantStandIn, bedside: PlayedBedside
) -> None:
    home.delete(config_topic(W1))
    home.delete(config_topic(W2))
    until(lambda: home.knows(0), "the devices to go")
    home.be_born()
    until(lambda: home.knows(2), "the devices to come back")


def test_what_an_earlier_version_had_is_removed_and_the_retained_message_does_not_speak_of_it(
    home: HomeAssistantStandIn, bedside: PlayedBedside
) -> None:
    removal, announcement = announce(W1, "2.0.0", ENGLISH, retired={"battery": "sensor"})
    assert read(removal.payload)[1] == ["battery"]
    assert not removal.retain
    earlier = msgspec.json.decode(announcement.payload)
    earlier["components"].pop("battery")
    bedside.publish(removal, announcement._replace(payload=msgspec.json.encode(earlier)))
    until(lambda: "sensor.crampwatch_w1_left_calf_battery" not in home.entities, "the battery to go")
    assert "sensor.crampwatch_mary_ann_battery" in home.entities
