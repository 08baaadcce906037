"""The Bluetooth SIG's own temperatures are there for every device that lacks one."""

import pytest

from collector.devices.decoder import Decoder
from collector.devices.profile import load_profile
from collector.devices.standard import ENVIRONMENTAL, THERMOMETER, with_standard_services

MYO, CRAMP_NODE = load_profile("myo"), load_profile("cramp-node")
BOTH = {ENVIRONMENTAL.char, THERMOMETER.char}


def test_an_environmental_temperature_is_hundredths_of_a_degree() -> None:
    # GATT Specification Supplement, Temperature: sint16, 0.01 degrees Celsius.
    samples = Decoder([ENVIRONMENTAL]).decode("00002a6e-0000-1000-8000-00805f9b34fb", bytes.fromhex("0e0d"))
    assert samples.digital[0, 0] * ENVIRONMENTAL.scale == pytest.approx(33.42)


def test_the_value_for_unknown_counts_as_clipped_and_so_as_not_measured() -> None:
    samples = Decoder([ENVIRONMENTAL]).decode(ENVIRONMENTAL.char, bytes.fromhex("0080"))
    assert samples.digital[0, 0] == ENVIRONMENTAL.rails[0]


def test_a_health_thermometer_is_in_degrees_celsius() -> None:
    # 0xff00016c of the standard is 36.4 degrees.
    samples = Decoder([THERMOMETER]).decode(THERMOMETER.char, bytes.fromhex("006c0100ff"))
    assert samples.digital[0, 0] * THERMOMETER.scale == pytest.approx(36.4)


@pytest.mark.parametrize(
    ("present", "added"),
    [(set(), ()), ({THERMOMETER.char}, (THERMOMETER,)), (BOTH, (ENVIRONMENTAL,))],
)
def test_a_device_without_a_temperature_of_its_own_gets_the_standard_one_it_has(
    present: set[str], added: tuple[object, ...]
) -> None:
    assert with_standard_services(MYO, present) == (*MYO.stream, *added)


def test_a_device_keeps_its_own_temperature() -> None:
    assert with_standard_services(CRAMP_NODE, BOTH) == CRAMP_NODE.stream


def test_only_what_can_be_read_is_polled() -> None:
    assert ENVIRONMENTAL.poll_s == 5
    assert ENVIRONMENTAL.rate_hz == pytest.approx(0.2)
    assert THERMOMETER.poll_s is None
