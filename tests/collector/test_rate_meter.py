"""Received against expected."""

from collector.contract.messages import NS
from collector.rate_meter import RateMeter


def fed(rate_hz: float, packets_s: list[float], count: int) -> RateMeter:
    """A meter that heard a packet of so many samples at each of these times."""
    meter = RateMeter(rate_hz)
    for at_s in packets_s:
        meter.heard(count, round(at_s * NS))
    return meter


def test_nothing_is_told_before_ten_seconds_have_passed() -> None:
    assert fed(100, [k / 10 for k in range(99)], 10).share(round(9.9 * NS)) is None


def test_all_samples_are_a_share_of_one_and_every_other_one_is_a_half() -> None:
    assert fed(100, [k / 10 for k in range(150)], 10).share(15 * NS) == 1.0
    assert fed(100, [k / 5 for k in range(75)], 10).share(15 * NS) == 0.5


def test_a_stream_that_has_stopped_goes_to_zero_by_itself() -> None:
    meter = fed(100, [k / 10 for k in range(150)], 10)
    assert meter.share(25 * NS) == 0.5  # of the second ten seconds
    assert meter.share(31 * NS) == 0.0


def test_a_slow_stream_is_counted_over_twenty_samples() -> None:
    meter = fed(0.2, [5.0 * k for k in range(20)], 1)
    assert meter.share(99 * NS) is None
    assert meter.share(101 * NS) == 1.0
