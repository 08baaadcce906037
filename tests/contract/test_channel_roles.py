"""Labels and units tell which signals are the leg's EMG, its accelerometer and the skin's temperature."""

import pytest

from collector.contract.channel_roles import Candidate, Choice, Roles, assign
from collector.contract.errors import BadRecording


def roles(*signals: tuple[str, str, float], choice: Choice | None = None) -> Roles:
    return assign([Candidate(*signal) for signal in signals], choice or Choice())


def emg_labels(*labels: str) -> list[str]:
    found = roles(*((label, "uV", 250.0) for label in labels))
    return [labels[k] for k in found.emg]


# As written by sleep laboratories, by makers of EMG systems, and by our own simulator.
@pytest.mark.parametrize(
    "label",
    [
        "EMG",
        "emg 3",
        "EMG L_GastrocMed",
        "LAT",
        "RAT",
        "Leg/L",
        "LEG R",
        "L Leg",
        "Tib. ant.",
        "TIBl",
        "EMG Tibialis",
        "Gastrocnemius",
        "left calf",
        "Soleus",
        "PLM1",
        "PLMr",
    ],
)
def test_the_names_of_leg_muscles_are_recognised(label: str) -> None:
    assert emg_labels("C3-A2", label, "ECG") == [label]


@pytest.mark.parametrize(
    "label", ["EMG chin", "EMG submental", "EMG Masseter", "Chin1-Chin2", "EMG arm", "EMG Intercost"]
)
def test_the_names_of_other_muscles_are_not(label: str) -> None:
    with pytest.raises(BadRecording, match="no leg EMG"):
        emg_labels(label, "ECG", "Flattened")


def test_beside_named_leg_muscles_a_plain_emg_is_the_chin_s() -> None:
    assert emg_labels("EMG", "LAT", "RAT") == ["LAT", "RAT"]


def test_beside_numbered_emg_a_plain_emg_stays() -> None:
    assert emg_labels("EMG", "EMG 2") == ["EMG", "EMG 2"]


def test_of_several_rates_the_largest_group_is_used_and_the_others_are_told() -> None:
    found = roles(("EMG 1", "uV", 500), ("EMG 2", "uV", 250), ("EMG 3", "uV", 250))
    assert found.emg == (1, 2)
    assert [(item.label, item.why) for item in found.left_out] == [
        ("EMG 1", "another rate than the 250 Hz of the EMG used")
    ]


def test_among_groups_of_one_size_the_fastest_is_used() -> None:
    assert roles(("EMG 1", "uV", 250), ("EMG 2", "uV", 500)).emg == (1,)


def test_envelopes_do_not_outvote_the_emg() -> None:
    assert roles(("EMG", "uV", 250), ("EMG rms", "uV", 10), ("EMG env", "uV", 10)).emg == (0,)


def test_a_signal_named_like_emg_in_degrees_is_none() -> None:
    assert roles(("Leg angle", "deg", 250), ("EMG", "uV", 250)).emg == (1,)


@pytest.mark.parametrize(
    "axes",
    [
        ("ACC X", "ACC Y", "ACC Z"),
        ("accel_x", "accel_y", "accel_z"),
        ("Accelerometer-X", "Accelerometer-Y", "Accelerometer-Z"),
        ("X", "Y", "Z"),
        ("AccX", "AccY", "AccZ"),
        ("Leg Acc.x", "Leg Acc.y", "Leg Acc.z"),
    ],
)
def test_an_accelerometer_is_three_labels_that_differ_by_their_axis(axes: tuple[str, str, str]) -> None:
    x, y, z = axes
    found = roles((z, "g", 50), ("EMG", "uV", 250), (x, "g", 50), (y, "g", 50))
    assert found.acc == (2, 3, 0)


@pytest.mark.parametrize("unit", ["deg/s", "", "uT"])
def test_axes_in_another_unit_are_no_accelerometer(unit: str) -> None:
    assert roles(("EMG", "uV", 250), ("X", unit, 50), ("Y", unit, 50), ("Z", unit, 50)).acc == ()


def test_two_axes_are_no_accelerometer() -> None:
    assert roles(("EMG", "uV", 250), ("ACC X", "g", 50), ("ACC Y", "g", 50)).acc == ()


def test_of_two_sensors_the_one_that_shares_the_emg_s_name_is_used() -> None:
    right = tuple((f"ACC {axis} right", "g", 50.0) for axis in "XYZ")
    left = tuple((f"ACC {axis} left", "g", 50.0) for axis in "XYZ")
    assert roles(*right, *left, ("EMG left", "uV", 250)).acc == (3, 4, 5)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["Ambient temp", "TEMP skin"], "TEMP skin"),
        (["EXT TEMPERATURE", "TEMPERATURE"], "TEMPERATURE"),
        (["Room temp"], "Room temp"),
        (["Thermistor"], "Thermistor"),
    ],
)
def test_the_skin_s_temperature_comes_before_the_room_s(labels: list[str], expected: str) -> None:
    found = roles(("EMG", "uV", 250), *((label, "degC", 1.0) for label in labels))
    assert [labels[k - 1] for k in found.temp] == [expected]


@pytest.mark.parametrize("unit", ["degC", "°C", "C"])
def test_temperature_is_in_degrees_celsius(unit: str) -> None:
    assert roles(("EMG", "uV", 250), ("Temp", unit, 1)).temp == (1,)
    assert roles(("EMG", "uV", 250), ("Temp", "K", 1)).temp == ()


def test_labels_named_by_the_user_go_before_everything() -> None:
    choice = Choice(emg=("chin",), acc=("a", "b", "c"), temp=("t",))
    signals = [("EMG", "uV", 250), ("Chin", "mV", 250), *((axis, "g", 50) for axis in "cba"), ("t", "C", 1)]
    found = roles(*signals, choice=choice)
    assert (found.emg, found.acc, found.temp) == ((1,), (4, 3, 2), (5,))


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (Choice(emg=("EMG", "nose")), "--emg: there is no signal 'nose'. The file holds: EMG .*, KNEE"),
        (Choice(emg=("KNEE",)), "'KNEE' is in deg, which is no unit of EMG"),
        (Choice(acc=("EMG", "EMG")), "--acc needs three labels"),
        (Choice(acc=("EMG", "EMG", "EMG")), "no unit of acceleration"),
        (Choice(temp=("KNEE",)), "no unit of temperature"),
    ],
)
def test_a_choice_that_cannot_be_is_told(choice: Choice, words: str) -> None:
    with pytest.raises(BadRecording, match=words):
        roles(("EMG", "uV", 250), ("KNEE", "deg", 250), choice=choice)


def test_what_nobody_needs_is_listed() -> None:
    assert [item.label for item in roles(("EMG", "uV", 250), ("KNEE", "deg", 250)).left_out] == ["KNEE"]
