"""A night's figures while it goes on. The samples' night began at 22:00 UTC on 19 November 2026."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from collector.contract.messages import NS, Health, LinkHealth
from detector.bedside.tonight import NightFigures, Tonight
from detector.messages import EventMessage, event_message
from tests.support.blocks import START_NS, block
from tests.support.frames import event

BERLIN = ZoneInfo("Europe/Berlin")
MINUTE_NS = 60 * NS
NOON_NS = round(datetime(2026, 11, 20, 12, tzinfo=BERLIN).timestamp()) * NS


def told(onset_s: float, stage: str = "confirmed") -> EventMessage:
    end_s = None if stage == "confirmed" else onset_s + 60
    return event_message(event(onset_s, stage, end_s=end_s), late=False, t_ns=START_NS)  # type: ignore[arg-type]


def health(*batteries: tuple[float | None, float | None]) -> Health:
    links = tuple(
        LinkHealth(device=f"d{n}", state="streaming", battery_percent=percent, battery_hours_left=hours)
        for n, (percent, hours) in enumerate(batteries)
    )
    return Health(
        t_ns=START_NS, session=None, links=links, samples={}, lost={}, fitted_ppm={}, refused={}, unpublished=0
    )


@pytest.fixture
def figures() -> NightFigures:
    return NightFigures(BERLIN, START_NS)


def watch(figures: NightFigures, start_ns: int, seconds: int, *, recording: bool = True, watched: bool = True) -> int:
    """Look once a second, the first time at the start; returns the time of the last look."""
    for second in range(seconds + 1):
        figures.passed(start_ns + second * NS, recording=recording, watched=watched)
    return start_ns + seconds * NS


def test_a_night_begins_with_nothing_known(figures: NightFigures) -> None:
    assert figures.message(START_NS) == Tonight(t_ns=START_NS, night=date(2026, 11, 19))


def test_the_share_watched_is_of_the_time_recorded(figures: NightFigures) -> None:
    end_ns = watch(figures, START_NS, 60, recording=False)
    end_ns = watch(figures, end_ns, 300)
    end_ns = watch(figures, end_ns, 100, watched=False)
    message = figures.message(end_ns)
    assert (message.recorded_s, message.watched_s, message.watched_percent) == (400, 300, 75.0)


def test_where_the_bedside_did_not_look_nothing_was_watched(figures: NightFigures) -> None:
    end_ns = watch(figures, START_NS, 60)
    figures.passed(end_ns + 40 * NS, recording=True, watched=True)
    assert figures.message(end_ns).recorded_s == 100
    assert figures.message(end_ns).watched_percent == 60.0


def test_a_clock_that_is_set_back_takes_nothing_away(figures: NightFigures) -> None:
    end_ns = watch(figures, START_NS, 60)
    figures.passed(end_ns - 30 * NS, recording=True, watched=True)
    assert figures.message(end_ns).recorded_s == 60


def test_a_cramp_counts_once_however_often_it_is_told(figures: NightFigures) -> None:
    for stage in ("confirmed", "confirmed", "ended"):
        figures.event(START_NS, told(60, stage))
    figures.event(START_NS, told(600))
    figures.event(START_NS, told(900, "rejected"))
    assert figures.message(START_NS).cramps == 2


def test_what_a_person_says_was_none_does_not_count_until_he_says_otherwise(figures: NightFigures) -> None:
    figures.event(START_NS, told(60))
    figures.event(START_NS, told(600))
    figures.verdict(event(60).id, "not")
    figures.verdict(event(60).id, "not")
    assert figures.message(START_NS).cramps == 1
    figures.verdict(event(60).id, "unsure")
    assert figures.message(START_NS).cramps == 2


def test_a_verdict_on_another_nights_event_changes_nothing(figures: NightFigures) -> None:
    figures.event(START_NS, told(60))
    figures.verdict("of last week", "not")
    assert figures.message(START_NS).cramps == 1


def test_at_noon_a_new_night_begins(figures: NightFigures) -> None:
    figures.event(START_NS, told(60))
    watch(figures, NOON_NS - 10 * NS, 9)
    before = figures.message(NOON_NS - NS)
    assert (before.night, before.cramps, before.recorded_s) == (date(2026, 11, 19), 1, 9)
    after = figures.message(NOON_NS)
    assert after == Tonight(t_ns=NOON_NS, night=date(2026, 11, 20))


def test_an_event_of_the_night_before_does_not_count_for_the_next(figures: NightFigures) -> None:
    figures.event(NOON_NS, told(60))
    assert figures.message(NOON_NS).alerts == ()


def test_a_restarted_bedside_goes_on_from_its_last_message_and_the_time_between_is_not_watched(
    figures: NightFigures,
) -> None:
    figures.event(START_NS, told(60))
    figures.event(START_NS, told(600))
    figures.verdict(event(60).id, "not")
    end_ns = watch(figures, START_NS, 90)
    before = msgspec.json.decode(msgspec.json.encode(figures.message(end_ns)), type=Tonight)
    restarted = NightFigures(BERLIN, end_ns + 10 * NS, before)
    end_ns = watch(restarted, end_ns + 110 * NS, 100)
    restarted.event(end_ns, told(600, "ended"))
    message = restarted.message(end_ns)
    assert (message.cramps, message.recorded_s, message.watched_s) == (1, 300, 190)


def test_a_message_of_the_night_before_is_no_start_for_this_one(figures: NightFigures) -> None:
    figures.event(START_NS, told(60))
    restarted = NightFigures(BERLIN, NOON_NS, figures.message(START_NS))
    assert restarted.message(NOON_NS).alerts == ()


def test_of_several_batteries_the_emptiest_counts(figures: NightFigures) -> None:
    figures.health(START_NS, health((80.0, 20.0), (None, None), (55.0, 31.0)))
    message = figures.message(START_NS)
    assert (message.battery_percent, message.battery_hours_left) == (55.0, 20.0)


def test_a_wearable_without_a_battery_has_none(figures: NightFigures) -> None:
    figures.health(START_NS, health((None, None)))
    assert figures.message(START_NS).battery_percent is None


def test_the_skin_temperature_is_the_mean_of_the_minute_so_far_without_what_is_on_the_rails(
    figures: NightFigures,
) -> None:
    samples = block(0, "temp", samples=(3310, 3330, 32767), fs=1.0)  # hundredths of a degree; the last is a rail
    figures.temperature(START_NS, samples)
    assert figures.message(START_NS).skin_temperature_c == 33.2


def test_what_was_measured_more_than_ten_minutes_ago_is_not_told_as_if_it_were_now(figures: NightFigures) -> None:
    figures.health(START_NS, health((80.0, 20.0)))
    figures.temperature(START_NS, block(0, "temp", samples=(3310,), fs=1.0))
    fresh = figures.message(START_NS + 10 * MINUTE_NS)
    assert (fresh.battery_percent, fresh.battery_hours_left, fresh.skin_temperature_c) == (80.0, 20.0, 33.1)
    stale = figures.message(START_NS + 10 * MINUTE_NS + 1)
    assert (stale.battery_percent, stale.battery_hours_left, stale.skin_temperature_c) == (None, None, None)
