from fractions import Fraction

import pytest

from collector.simulator.spec import NightSpec, exact_rate


def test_a_default_night_is_eight_hours_in_records_of_five_seconds() -> None:
    spec = NightSpec()
    assert (spec.duration_s, spec.record_s, spec.samples(spec.fs), spec.samples(spec.temp_fs)) == (
        28800,
        5,
        28_800_000,
        5760,
    )


def test_a_night_is_cut_to_whole_records() -> None:
    assert NightSpec(hours=0.1004).duration_s == 360  # 361.44 s hold 72 records of 5 s


def test_a_rate_written_with_a_few_decimals_is_taken_as_its_fraction() -> None:
    assert exact_rate(1259.259) == Fraction(34000, 27)
    assert NightSpec(fs=1259.259, temp_fs=0.2).record_s == 27 * 5


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("profile", "sleepy"),
        ("seed", -1),
        ("emg_channels", 0),
        ("bits", 24),
        ("fs", 100.0),
        ("fs", float("nan")),
        ("acc_fs", 5.0),
        ("temp_fs", 0.0),
        ("temp_fs", 1 / 997),
        ("temp_fs", 0.0031416),
        ("hours", 0.01),
        ("hours", float("inf")),
        ("cramps", -1),
        ("loss_per_hour", -1.0),
    ],
)
def test_what_cannot_be_simulated_is_refused(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=r"has to be|need EDF records|cannot be negative|choose a rounder"):
        NightSpec(**{field: value})  # type: ignore[arg-type]


def test_a_night_without_cramps_cannot_be_asked_for_one() -> None:
    with pytest.raises(ValueError, match="0 when empty"):
        NightSpec(profile="empty", cramps=1)
