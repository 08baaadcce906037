"""A Bluetooth device that is a Python object: what both simulated Bluetooth implementations connect to."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from bleak.exc import BleakError

MTU = 247
"""What Android, iOS and BlueZ agree on with nRF-class chips: one full link-layer packet of 251 bytes."""
ATT_HEADER = 3
"""Opcode and handle: what a notification spends of the MTU."""
RSSI_DBM = -55
ADVERTISE_EVERY_S = 0.02
"""Shorter than any real device does, so that tests need not wait."""

Services = Mapping[str, Mapping[str, Sequence[str]]]
"""Service UUID to characteristic UUID to GATT properties (`read`, `write`, `notify`); the first one is advertised."""


class Refusal(NamedTuple):
    """Why a connection fails, as BlueZ says it."""

    error: str
    text: str


ABORTED = Refusal("org.bluez.Error.Failed", "le-connection-abort-by-local")
"""The commonest one: no answer from the device, or radio interference."""


class Central(Protocol):
    """The host's end of a connection."""

    def deliver(self, char: str, data: bytes) -> None:
        """A notification; dropped when nobody has subscribed."""

    def lost(self) -> None:
        """The connection has gone."""

    async def settled(self) -> None:
        """Wait until the host's software has received everything delivered so far."""


class Peripheral:
    """A simulated Bluetooth device; subclasses say what reads return and what writes do.

    Faults: `drop()`; `leave()` and `come_back()`; `fail_next_connects` with the reason in `refusal`; `doubled`: every
    notification arrives twice; `held`: the system has kept the link since an earlier process died, so that the device
    does not advertise and the next client takes the link over.
    """

    def __init__(self, name: str, address: str, services: Services) -> None:
        self.name = name
        self.address = address
        self.services = services
        self.fail_next_connects = 0
        self.refusal = ABORTED
        self.doubled = False
        self.held = False
        self.in_range = True
        self.central: Central | None = None

    @property
    def service(self) -> str:
        """The service it advertises."""
        return next(iter(self.services))

    @property
    def connected(self) -> bool:
        """Whether a central is connected."""
        return self.central is not None

    @property
    def advertising(self) -> bool:
        """Whether a scan would find it."""
        return self.in_range and not (self.connected or self.held)

    def refuses(self) -> Refusal | None:
        """Why the connection that is being tried fails, if it does."""
        if not self.in_range:
            return ABORTED
        if not self.fail_next_connects:
            return None
        self.fail_next_connects -= 1
        return self.refusal

    def accept(self, central: Central) -> None:
        """A central has connected."""
        self.held = False
        self.central = central

    def read(self, char: str) -> bytes:
        """The value of a characteristic."""
        raise BleakError(f"{char} cannot be read")

    def write(self, char: str, data: bytes) -> None:
        """A value written by the central."""
        raise BleakError(f"{char} cannot be written")

    def subscribed(self, char: str) -> None:
        """The central wants this characteristic's notifications."""

    def disconnected(self) -> None:
        """The central has gone."""

    def notify(self, char: str, data: bytes) -> None:
        """Send a notification, which nobody gets who has not subscribed."""
        if self.central is not None:
            for _ in range(2 if self.doubled else 1):
                self.central.deliver(char, data)

    async def settled(self) -> None:
        """Wait until the central has received every notification sent so far."""
        if self.central is not None:
            await self.central.settled()

    def drop(self) -> None:
        """Lose the connection."""
        central, self.central = self.central, None
        if central is not None:
            self.disconnected()
            central.lost()

    def leave(self) -> None:
        """The wearer walks out of range."""
        self.in_range = False
        self.drop()

    def come_back(self) -> None:
        """The wearer is back."""
        self.in_range = True
