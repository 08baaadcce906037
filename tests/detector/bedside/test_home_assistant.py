"""What Home Assistant is told there is, checked against its documentation; and the page about it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml  # type: ignore[import-untyped]  # its types are a package of their own
from hypothesis import example, given, settings
from hypothesis import strategies as st

from collector.contract.names import PATTERN
from collector.contract.topics import ALARM, Place
from detector.bedside import inbox
from detector.bedside.home_assistant import announce, components, config_topic, is_birth
from detector.catalogue.catalogue import load
from tests.detector.bedside.home_assistant_schema import CONFIG_TOPIC, Entity
from tests.detector.bedside.home_assistant_stand_in import read
from tests.support.blocks import START_NS

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "home-assistant.md"
ENGLISH = load("en")
W1 = Place("w1", "left_calf")
names = st.from_regex(PATTERN)
places = st.builds(Place, names, names)


@settings(max_examples=50, deadline=None)
@given(places)
def test_every_announcement_is_as_documented_whatever_the_names(place: Place) -> None:
    (message,) = announce(place, "1.2.3", ENGLISH)
    assert re.match(CONFIG_TOPIC, message.topic)
    assert message.retain
    device, removed = read(message.payload)
    assert len(device.components) == 17
    assert not removed


def test_where_the_alarm_cannot_say_that_it_is_there_nothing_waits_for_it() -> None:
    for has_will in (True, False):
        device, _ = read(announce(W1, "1.2.3", ENGLISH, has_will=has_will)[0].payload)
        own = [part.availability or [] for part in device.components.values() if isinstance(part, Entity)]
        sources = [device.availability or [], *(availability for availability in own if availability)]
        assert len(sources) == 3  # the device's, and those of battery and skin temperature
        assert {ALARM in {source.topic for source in availability} for availability in sources} == {has_will}


# Names that look alike when they are joined.
@example(Place("a_b", "c"), Place("a", "b_c"))
@example(Place("a", "b_was"), Place("a", "b"))
@example(Place("-", "_"), Place("_", "-"))
@settings(max_examples=50, deadline=None)
@given(places, places)
def test_no_two_places_share_a_topic_or_an_entity(one: Place, other: Place) -> None:
    ids = [
        {config_topic(place)}
        | {part["unique_id"] for part in components(place, ENGLISH).values() if "unique_id" in part}
        for place in (one, other)
    ]
    assert one == other or not ids[0] & ids[1]


def test_a_misspelt_option_would_be_noticed() -> None:
    message = msgspec.json.decode(announce(W1, "1.2.3", ENGLISH)[0].payload)
    message["components"]["battery"]["unit_of_mesurement"] = "%"
    with pytest.raises(msgspec.ValidationError, match="unit_of_mesurement"):
        read(msgspec.json.encode(message))


def test_nothing_else_is_taken_for_home_assistants_birth() -> None:
    assert not is_birth("homeassistant/status", b"offline")
    assert not is_birth("homeassistant/device/x/config", b"online")


def test_the_page_names_every_entity_and_no_other() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \|", PAGE.read_text(), re.MULTILINE)
    device, _ = read(announce(W1, "1.2.3", ENGLISH)[0].payload)
    entities = {key: part.domain for key, part in device.components.items() if isinstance(part, Entity)}
    assert {key: kind for kind, key in rows} == entities


def test_the_automations_of_the_page_name_topics_and_entities_that_there_are() -> None:
    automations = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    named = {text for automation in automations for text in texts(yaml.safe_load(automation))}
    topics = {text for text in named if text.startswith("crampwatch/")}
    assert topics == {W1.topic("news"), W1.topic("cmd/alarm")}
    buttons = {
        text.replace("{{ trigger.id }}", key) for text in named for key in ("ack", "snooze") if "button.c" in text
    }
    device, _ = read(announce(W1, "1.2.3", ENGLISH)[0].payload)
    entities = {part.default_entity_id for part in device.components.values() if isinstance(part, Entity)}
    assert buttons == {"button.crampwatch_w1_left_calf_ack", "button.crampwatch_w1_left_calf_snooze"} & entities
    (command,) = (text for text in named if text.startswith('{"v"'))
    assert inbox.command(command.encode(), START_NS).do == "mute"


def test_the_page_deletes_the_topic_that_is_announced() -> None:
    assert config_topic(W1) in PAGE.read_text()


def texts(node: Any) -> Iterator[str]:
    """Every text in a YAML document."""
    if isinstance(node, str):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from texts(child)
