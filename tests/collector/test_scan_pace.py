"""Scans beside links that stream are few: their number in any stretch of time is bounded."""

from hypothesis import given
from hypothesis import strategies as st

from collector.contract.messages import NS
from collector.scan_pace import ScanPace


def taken_at(pace: ScanPace, asked_s: range) -> list[int]:
    return [at_s for at_s in asked_s if pace.take(at_s * NS)]


def test_four_scans_may_follow_each_other_then_one_in_five_minutes() -> None:
    assert taken_at(ScanPace(), range(0, 1300, 10)) == [0, 10, 20, 30, 300, 600, 900, 1200]


def test_what_was_not_used_comes_back_up_to_four() -> None:
    pace = ScanPace()
    assert len(taken_at(pace, range(10))) == 4
    assert len(taken_at(pace, range(700, 710))) == 2
    assert len(taken_at(pace, range(20_000, 20_010))) == 4


@given(st.lists(st.integers(0, 3600), max_size=200))
def test_however_often_one_asks_an_hour_has_no_more_than_sixteen_scans(asked_s: list[int]) -> None:
    pace = ScanPace()
    assert sum(pace.take(at_s * NS) for at_s in sorted(asked_s)) <= 4 + 3600 // 300
