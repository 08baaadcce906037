"""What people say by MQTT, whoever writes the message."""

from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.contract.errors import ContractError
from collector.contract.messages import NS
from detector.alarm.messages import Command
from detector.bedside import inbox

NOW_NS = 1_795_125_600 * NS

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=80),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = [
    "v",
    "do",
    "by",
    "t_ns",
    "minutes",
    "event_id",
    "kind",
    "id",
    "verdict",
    "felt_ns",
    "pain",
    "note",
    "leg",
    "night",
]
SAID = st.dictionaries(
    st.sampled_from(FIELDS), JSON | st.sampled_from(["ack", "snooze", "cramp", "left", "wearer"]) | st.integers(0, 90)
)


@given(said=SAID)
def test_whatever_is_said_is_understood_or_refused_by_name(said: dict[str, object]) -> None:
    payload = msgspec.json.encode(said)
    for understand in (
        lambda: inbox.command(payload, NOW_NS),
        lambda: inbox.verdict(payload, NOW_NS, "e1"),
        lambda: inbox.noted(payload, NOW_NS),
    ):
        try:
            understood = understand()
        except ContractError:
            continue
        # What was taken can be written down and read again: the diary has to be able to.
        assert msgspec.json.decode(msgspec.json.encode(understood), type=type(understood)) == understood


@given(payload=st.binary(max_size=200))
def test_whatever_bytes_come_are_understood_or_refused_by_name(payload: bytes) -> None:
    with suppress(ContractError):
        assert inbox.command(payload, NOW_NS).do


@pytest.mark.parametrize(("age_s", "fresh"), [(0, True), (119, True), (121, False), (-119, True), (-121, False)])
def test_a_command_counts_for_two_minutes(age_s: int, fresh: bool) -> None:
    said = Command(do="disarm", by="wearer", t_ns=NOW_NS - age_s * NS, id="c1")
    if fresh:
        inbox.check_fresh(said, NOW_NS)
        return
    with pytest.raises(inbox.Stale, match="ago" if age_s > 0 else "ahead of this computer's clock"):
        inbox.check_fresh(said, NOW_NS)


def test_each_message_without_an_id_gets_one_of_its_own() -> None:
    first, second = (inbox.command(b'{"do": "ack", "by": "phone"}', NOW_NS) for _ in range(2))
    assert first.id != second.id
