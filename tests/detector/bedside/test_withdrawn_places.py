"""What Home Assistant keeps of a place that is served no more: nothing; and of one that is heard of: all."""

from pathlib import Path

import pytest

from collector.contract.messages import Status
from collector.contract.topics import Place
from detector.bedside.home_assistant import config_topic
from tests.detector.bedside.stand_ins import OTHER_LEG, Home, health
from tests.support.frames import PLACE, SESSION


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Last night both legs were watched. The settings name one of them, and the bedside has just started again."""
    home = Home(tmp_path).online()
    home.hear("status", Status(state="online", t_ns=home.now_ns, session=SESSION), of=OTHER_LEG)
    home.pass_s(61)
    home.bedside.close()
    home.published.clear()
    home.start()
    return home


def kept(home: Home, of: Place) -> dict[str, bytes]:
    """What a broker would hold now of what was said of a place since the restart."""
    topics = (config_topic(of), of.topic("state"), of.topic("tonight"))
    return {topic: payload for topic, payload, retain in home.published if topic in topics and retain}


def test_a_place_that_only_the_diary_knows_is_withdrawn_with_all_that_was_kept_of_it(home: Home) -> None:
    home.pass_s(120)
    assert kept(home, OTHER_LEG) == dict.fromkeys(
        (config_topic(OTHER_LEG), OTHER_LEG.topic("state"), OTHER_LEG.topic("tonight")), b""
    )
    assert all(kept(home, PLACE).values())


@pytest.mark.parametrize(
    ("what", "retained"), [("status", True), ("status", False), ("health", False)], ids=["kept", "status", "health"]
)
def test_a_place_that_is_heard_of_stays_announced_without_a_gap(what: str, retained: bool, home: Home) -> None:
    online = Status(state="online", t_ns=home.now_ns, session=SESSION)
    home.hear(what, online if what == "status" else health(home.now_ns), retained=retained, of=OTHER_LEG)
    home.pass_s(120)
    assert len(kept(home, OTHER_LEG)) == 3
    assert not [topic for topic, payload, _ in home.published if topic == config_topic(OTHER_LEG) and not payload]


def test_what_the_broker_kept_of_a_night_that_has_ended_keeps_no_place_announced(home: Home) -> None:
    ended = Status(state="ended", t_ns=home.now_ns, session=SESSION)
    home.hear("status", ended, retained=True, of=OTHER_LEG)
    home.pass_s(120)
    assert not any(kept(home, OTHER_LEG).values())


def test_a_place_that_was_withdrawn_is_announced_when_it_is_heard_of_again(home: Home) -> None:
    home.pass_s(120)
    home.hear("health", health(home.now_ns), of=OTHER_LEG)
    home.pass_s(1)
    assert len(kept(home, OTHER_LEG)) == 3
    assert all(kept(home, OTHER_LEG).values())


def test_what_is_withdrawn_sounds_all_the_same(home: Home) -> None:
    """A collector that died in the midst of its night has to be told, in the settings or not."""
    home.pass_s(120)
    assert home.diary.state(OTHER_LEG) is not None
    home.press("cmd/alarm", of=OTHER_LEG, do="test", by="wearer")
    assert home.rings[-1][1] == "test"


def test_without_home_assistant_every_announcement_is_withdrawn_and_none_is_made(tmp_path: Path) -> None:
    home = Home(tmp_path, home_assistant=False).online()
    home.hear("health", health(home.now_ns), of=OTHER_LEG)
    home.bedside.message("homeassistant/status", b"online")
    home.pass_s(61)
    said = {(topic, payload) for topic, payload, _ in home.published if topic.startswith("homeassistant/")}
    assert said == {(config_topic(PLACE), b""), (config_topic(OTHER_LEG), b"")}
    assert kept(home, PLACE)[PLACE.topic("state")]
