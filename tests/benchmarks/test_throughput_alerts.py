"""How the way to a phone is measured: which message told which alert, and what the page says of it."""

import pytest

from benchmarks.throughput.alerts import Run, pairs, section
from benchmarks.throughput.latency import Latencies
from detector.bedside.push_queue import Outcome, Settled
from tests.detector.bedside.push_notes import alert, at, over
from tests.detector.bedside.push_sink import Received


def message(title: str, type_: str = "warning") -> Received:
    return Received("/inbox", title, "", None, type_, at(1))


def run(wearers: int, *seconds: float) -> Run:
    return Run(wearers, 60, Latencies(seconds), Latencies([0.01]), Latencies([0.02]))


def test_each_alert_is_paired_with_its_message_whatever_quiet_ones_came_between() -> None:
    notes = [alert("e1"), over("e1"), alert("e2"), alert("e3")]
    outcomes: tuple[Outcome, ...] = ("delivered", "delivered", "summed up", "delivered")
    settled = [
        Settled(row, "phone", note, outcome, at(row))
        for row, (note, outcome) in enumerate(zip(notes, outcomes, strict=True))
    ]
    received = [message("alert e1"), message("over e1", "info"), message("missed", "info"), message("alert e3")]
    assert [(note.subject, it.title) for note, it in pairs(settled, received)] == [
        ("e1", "alert e1"),
        ("e3", "alert e3"),
    ]


def test_a_message_nobody_knows_of_stops_the_measurement() -> None:
    with pytest.raises(ValueError, match="longer"):
        pairs([], [message("alert e1")])


@pytest.mark.parametrize(("latency_s", "met"), [(1.0, True), (1.001, False)])
def test_the_target_of_a_second_is_held_against_the_whole_way_of_20_wearers(latency_s: float, met: bool) -> None:
    (verdict,) = section(run(20, 0.1, latency_s)).verdicts
    assert (verdict.wanted, verdict.met) == ("at most 1 s", met)


def test_without_20_wearers_or_without_alerts_nothing_is_said_of_the_target() -> None:
    for other in (run(2, 0.1), run(20)):
        assert section(other).verdicts[0].met is None


def test_the_page_tells_median_99th_percentile_and_largest_in_milliseconds() -> None:
    lines = section(run(20, *[0.1] * 99, 0.9, 1.5)).text.splitlines()
    assert "| deciding block to phone | 101 | 100 | 900 | 1500 |" in lines
