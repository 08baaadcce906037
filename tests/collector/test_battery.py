"""How long a battery lasts is told when it can be, and not before."""

from collector.battery import Battery
from collector.contract.messages import NS


def after(readings: list[tuple[float, float]]) -> Battery:
    """A battery that was read at these hours, in percent."""
    battery = Battery()
    for hours, percent in readings:
        battery.read(percent, round(hours * 3600 * NS))
    return battery


def test_nothing_is_told_of_a_battery_that_was_read_once() -> None:
    assert after([(0, 80)]).percent == 80
    assert after([(0, 80)]).hours_left is None


def test_a_battery_that_loses_4_percent_an_hour_and_has_80_lasts_20_hours() -> None:
    assert after([(hour / 2, 100 - 2 * hour) for hour in range(11)]).hours_left == 20.0


def test_a_single_step_of_one_percent_tells_nothing() -> None:
    assert after([(0, 80), (1, 80), (2, 79)]).hours_left is None


def test_a_battery_that_was_charged_begins_anew() -> None:
    battery = after([(0, 30), (1, 20), (2, 95)])
    assert battery.hours_left is None
    battery.read(90, 3 * 3600 * NS)
    assert battery.hours_left == 18.0


def test_a_cell_that_recovers_by_a_percent_is_not_taken_for_charged() -> None:
    # 0, 1, 2, 3 h: 80, 76, 77, 71. Slope by hand: (-1.5*80 - 0.5*76 + 0.5*77 + 1.5*71) / 5 = -2.6; at 3 h 72.1.
    assert after([(0, 80), (1, 76), (2, 77), (3, 71)]).hours_left == 27.7
