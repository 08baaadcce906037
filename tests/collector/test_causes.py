"""What went wrong is told in words, with what to do about it."""

import pytest
from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason, BleakError

from collector.causes import Dropped, NotFound, Stalled, explain

OFF = BleakBluetoothNotAvailableError("no powered adapter", BleakBluetoothNotAvailableReason.POWERED_OFF)


@pytest.mark.parametrize(
    ("error", "what", "cure"),
    [
        (NotFound(), "the wearable was not heard", "charged"),
        (Dropped(), "the link was lost", "near"),
        (Stalled("acc"), "no acc data although the link is up", "off and on"),
        (FileNotFoundError(2, "No such file"), "there is no D-Bus", "bluetoothd"),
        (OFF, "no powered adapter", "bluetoothctl power on"),
        (TimeoutError(), "did not answer", "restart the bluetooth service"),
        (BleakError("le-connection-abort-by-local"), "le-connection-abort-by-local", "off and on"),
        (EOFError(), "EOFError", "off and on"),
    ],
)
def test_every_error_has_a_cause_and_a_cure(error: Exception, what: str, cure: str) -> None:
    cause = explain(error)
    assert what in cause.what
    assert cure in cause.cure
