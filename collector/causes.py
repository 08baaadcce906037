"""Why there are no data, in words, and what a person can do about it."""

from typing import NamedTuple

from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason, BleakError

from collector.contract.messages import StreamKind
from collector.devices.profile import BadProfile


class Cause(NamedTuple):
    """What is wrong, and the cure."""

    what: str
    cure: str


class NotFound(BleakError):
    """No advertisement of the wanted device was heard."""


class RadioFailed(Exception):
    """The computer's Bluetooth does not work, and nothing this process can do has helped."""

    def __init__(self, what: str, cause: Cause) -> None:
        super().__init__(f"{what}: {cause.what}; {cause.cure}")


class Dropped(Exception):
    """The connection is gone."""


class Stalled(Exception):
    """The link is up, yet a stream has fallen silent."""

    def __init__(self, stream: StreamKind) -> None:
        super().__init__(stream)
        self.stream = stream


IN_REACH = "is it switched on, charged, near, and not connected elsewhere?"
_AGAIN = "switch the wearable off and on; if this goes on, restart the bluetooth service"
_ADAPTER = {
    BleakBluetoothNotAvailableReason.NO_BLUETOOTH: "plug a Bluetooth adapter in, or start bluetoothd",
    BleakBluetoothNotAvailableReason.POWERED_OFF: "switch Bluetooth on: bluetoothctl power on",
    BleakBluetoothNotAvailableReason.DENIED_BY_SYSTEM: "allow this user to use Bluetooth (group bluetooth)",
    BleakBluetoothNotAvailableReason.DENIED_BY_USER: "allow this program to use Bluetooth",
}


def explain(error: BaseException) -> Cause:
    """The cause behind what was raised while a link was made or held."""
    match error:
        case NotFound():
            return Cause("the wearable was not heard", IN_REACH)
        case Dropped():
            return Cause("the link was lost", IN_REACH)
        case Stalled(stream=stream):
            return silent(stream)
        case FileNotFoundError():  # how bleak tells that the D-Bus socket is not there
            return Cause("there is no D-Bus and so no Bluetooth", "start bluetoothd, or in a container mount /run/dbus")
        case BleakBluetoothNotAvailableError(reason=reason):
            return Cause(str(error.args[0]), _ADAPTER.get(reason, "look at `bluetoothctl show`"))
        case BadProfile():
            return Cause(str(error), "name another profile in the settings, or update crampwatch")
        case TimeoutError():
            return Cause("Bluetooth did not answer in time", "restart the bluetooth service if this goes on")
        case _:
            return Cause(str(error) or type(error).__name__, _AGAIN)


def silent(stream: StreamKind) -> Cause:
    """The link is up, yet a stream has fallen silent."""
    return Cause(f"no {stream} data although the link is up", "switch the wearable off and on; look at its electrodes")
