"""Topics: who wears the sensor, where, and what is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.contract import topics
from collector.contract.errors import BadTopic
from collector.contract.topics import Place

names = st.from_regex(r"[a-z0-9_-]{1,64}", fullmatch=True)


def test_a_topic_names_wearer_site_and_content() -> None:
    assert Place("w1", "left_calf").topic("emg") == "crampwatch/v1/w1/left_calf/emg"


def test_a_command_has_a_level_more() -> None:
    assert topics.parse("crampwatch/v1/w1/left_calf/cmd/replay") == (Place("w1", "left_calf"), "cmd/replay")


@given(names, names, st.sampled_from(["emg", "status", "cmd/replay"]))
def test_what_was_put_together_is_taken_apart_again(wearer: str, site: str, what: str) -> None:
    assert topics.parse(topics.place(wearer, site).topic(what)) == (Place(wearer, site), what)


@pytest.mark.parametrize("name", ["", "Left", "a b", "a/b", "+", "#", "x" * 65, "é", "calf\n"])
def test_a_name_that_is_not_safe_as_a_topic_level_is_refused(name: str) -> None:
    with pytest.raises(BadTopic):
        topics.place("w1", name)


@pytest.mark.parametrize("topic", ["", "crampwatch/v1/w1/calf", "other/v1/w1/calf/emg", "crampwatch/v2/w1/calf/emg"])
def test_a_topic_of_someone_else_is_refused(topic: str) -> None:
    with pytest.raises(BadTopic):
        topics.parse(topic)


@given(st.text(max_size=60))
def test_no_text_makes_parsing_fail_in_any_other_way(topic: str) -> None:
    with pytest.raises(BadTopic):
        topics.parse(topic)


def test_only_streams_are_streams() -> None:
    assert topics.stream_of("emg") == "emg"
    assert topics.stream_of("status") is None


def test_a_filter_matches_every_wearer_and_site() -> None:
    assert topics.everywhere("emg") == "crampwatch/v1/+/+/emg"
