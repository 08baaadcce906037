"""What a virtual wearable needs to know of the device it plays: its services, its orders and its packets."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from collector.contract.messages import Channel, StreamKind
from collector.simulator.peripheral import Services
from collector.simulator.playback import Signal, digitised

Signals = Mapping[StreamKind, Signal]


class Start(NamedTuple):
    """Send samples: of each stream from the wanted device index on, of the others from what is measured next."""

    wanted: Mapping[StreamKind, int] = {}


class Stop(NamedTuple):
    """Send no more."""


class Vibrate(NamedTuple):
    """Buzz, for as long as the device's own number says."""

    length: int


Order = Start | Stop | Vibrate | None
"""What a write or a subscription asks for; None: nothing that can be noticed from outside."""


class Packet(NamedTuple):
    """A notification: on which characteristic, and its bytes."""

    char: str
    payload: bytes


class FrontEnd(NamedTuple):
    """A converter that is built into a device: samples per second, channels, and how many instants fill a packet."""

    fs: float
    channels: tuple[Channel, ...]
    instants: int


class Firmware(ABC):
    """One type of wearable. `name` is what it advertises, `services` what it offers.

    `stores`: samples that could not be sent are kept and sent later. `whole_packets`: packets have one length.
    """

    name: ClassVar[str]
    services: ClassVar[Services]
    stores: ClassVar[bool] = False
    whole_packets: ClassVar[bool] = True

    @abstractmethod
    def measured(self, signals: Signals) -> dict[StreamKind, Signal]:
        """The signals as this device would have digitised them; raises ValueError for what it cannot measure."""

    @abstractmethod
    def instants(self, kind: StreamKind, signal: Signal) -> int:
        """How many instants a packet holds, at most."""

    @abstractmethod
    def packet(self, kind: StreamKind, index: int, ms: int, digital: NDArray[np.int16]) -> Packet:
        """The packet whose first instant has this device index, at this time since the device's start."""

    def read(self, char: str, signals: Signals, boot: int) -> bytes:
        """The value of a characteristic; the battery level is not asked for here."""
        return b""

    def written(self, char: str, data: bytes) -> Order:
        """What a write asks for."""
        return None

    def subscribed(self, char: str) -> Order:
        """What a subscription asks for."""
        return None


class BuiltInFirmware(Firmware):
    """A wearable whose rates, channels and scales are fixed; `front_ends` lists them. It sends whole packets only."""

    front_ends: ClassVar[Mapping[StreamKind, FrontEnd]]

    def measured(self, signals: Signals) -> dict[StreamKind, Signal]:
        """The signals in the device's own steps; streams that it has no sensor for are left out."""
        return {kind: self._measured(kind, signals[kind]) for kind in self.front_ends if kind in signals}

    def instants(self, kind: StreamKind, signal: Signal) -> int:
        """The device's fixed number."""
        return self.front_ends[kind].instants

    def _measured(self, kind: StreamKind, signal: Signal) -> Signal:
        fs, channels, _ = self.front_ends[kind]
        if signal.fs != fs:
            raise ValueError(f"{self.name} measures {kind} at {fs:g} Hz, the signal has {signal.fs:g} Hz")
        return digitised(signal, channels)


def alike(
    names: Iterable[str], unit: str, scale: float, rails: tuple[int, int], offset: float = 0.0
) -> tuple[Channel, ...]:
    """Channels that differ in nothing but their names."""
    return tuple(Channel(name, unit, scale, offset, *rails) for name in names)


def three_axes(mg_per_step: float) -> tuple[Channel, ...]:
    """A 16-bit accelerometer."""
    return alike(("acc x", "acc y", "acc z"), "mg", mg_per_step, (-32768, 32767))
