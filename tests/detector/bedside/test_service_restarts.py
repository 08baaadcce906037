"""What the broker keeps of a collector and a detector that were there, told to a bedside that begins again."""

from pathlib import Path

import pytest

from collector.contract.messages import NS, Status
from detector.diary.diary import Diary
from detector.sight import Seen
from tests.detector.bedside.stand_ins import Home
from tests.support.frames import PLACE


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path).online()
    home.pass_s(30)
    return home


def old_word(home: Home, age_s: int) -> Seen:
    then_ns = home.now_ns - age_s * NS
    return Seen(state="WATCHING", since_ns=then_ns, text="", judged_ns=then_ns, t_ns=then_ns)


def stopped(home: Home) -> bool:
    """What is to be read in the diary of the alarm's end."""
    with Diary(home.path, read_only=True) as diary:
        state = diary.state(PLACE)
    return state is not None and state.stopped


def test_a_restart_while_the_collector_is_gone_tells_nobody_that_all_is_well(home: Home) -> None:
    home.collecting = False
    home.status = Status(state="offline", t_ns=home.now_ns, reason="the collector vanished")
    home.hear("status", home.status)
    home.pass_s(60)
    told_ns = home.state["faults"][0]["since_ns"]
    for _ in range(2):
        home.kill()
        home.start()
        home.pass_s(90)
        assert (home.state["state"], home.faults, home.state["faults"][0]["since_ns"]) == (
            "FAULT",
            ["collector_gone"],
            told_ns,
        )
    assert {note.stage for note in home.postbox.notes} == {"fault"}


def test_the_collectors_return_ends_the_fault_after_a_restart_too(home: Home) -> None:
    test_a_restart_while_the_collector_is_gone_tells_nobody_that_all_is_well(home)
    home.collecting = True
    home.online()
    home.pass_s(75)
    assert (home.state["state"], home.faults, home.postbox.notes[-1].stage) == ("WATCHING", [], "over")


def test_a_restart_keeps_the_faults_though_the_broker_is_away_for_longer(home: Home) -> None:
    home.go_blind("flat")
    home.pass_s(60)
    home.kill()
    home.start()
    home.bedside.disconnected("gone")
    home.collecting = home.detecting = False
    home.pass_s(120)
    assert home.faults == ["broker", "electrode_off"]
    home.collecting = home.detecting = True
    home.connect()
    home.pass_s(60)
    assert home.faults == ["electrode_off"]
    assert "over" not in [note.stage for note in home.postbox.notes if note.subject == home.postbox.notes[0].subject]


def test_who_stops_the_alarm_leaves_word_of_it_and_a_later_start_takes_it_back(home: Home) -> None:
    assert stopped(home) is False
    home.bedside.close()
    assert stopped(home) is True
    home.start()
    home.bedside.disconnected("still starting")
    home.pass_s(1)
    assert stopped(home) is False


def test_an_alert_goes_on_after_a_stop_and_is_not_news_again(home: Home) -> None:
    event_id = home.cramp()
    home.pass_s(3)
    home.bedside.close()
    assert [news["what"] for news in home.told("news")] == ["cramp"]
    home.published.clear()
    home.start()
    home.pass_s(20)
    assert (home.state["state"], home.state["event_id"], home.state["sounding"]) == ("ALERT", event_id, "cramp")
    assert home.told("news") == []
    assert home.rings[-1][0] > 33  # seconds: it sounds again


@pytest.mark.parametrize("restarting", [False, True])
def test_an_alert_is_not_ended_by_what_the_broker_kept_from_before_it(home: Home, *, restarting: bool) -> None:
    home.cramp()
    home.pass_s(3)
    if restarting:
        home.kill()
        home.start()
    home.hear("watch", old_word(home, 60), retained=True)
    home.pass_s(20)
    assert (home.state["state"], home.state["sounding"]) == ("ALERT", "cramp")
    home.hear("watch", old_word(home, 1), retained=True)  # said after the cramp: its end was missed
    home.pass_s(1)
    assert home.state["state"] == "WATCHING"
