"""What the collector is told: who wears what, where the broker is, where the night is kept."""

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec

from collector.contract.broker import BrokerSettings
from collector.contract.messages import StreamKind
from collector.contract.names import Name
from collector.retention import KEEP_NIGHTS

Positive = Annotated[float, msgspec.Meta(gt=0)]


class DeviceSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which wearable. With neither name nor address, the first that the profile matches is taken.

    `streams` are those to take from it; by default all that no wearable named before it brings. `power_cycle` allows to
    switch the adapter off and on when nothing else has helped: others who use it lose their links.
    """

    profile: str = "cramp-node"
    name: str | None = None
    address: str | None = None
    adapter: str | None = None  # the host's Bluetooth adapter, such as hci1
    streams: tuple[StreamKind, ...] | None = None
    power_cycle: bool = False


class CollectorSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything the collector needs. `timezone` is an IANA name; it decides when a night begins.

    `companions` are further wearables of the same session, for streams that `device` does not have. In
    `profile_directory` may be device profiles of the user's own.
    """

    wearer: Name
    site: Name
    data_directory: Path
    profile_directory: Path | None = None
    timezone: str = "UTC"
    device: DeviceSettings = DeviceSettings()
    companions: tuple[DeviceSettings, ...] = ()
    broker: BrokerSettings = BrokerSettings()
    # One message a second: 2 ms of one core for broker and clients together, and a second is soon enough for an alert.
    block_s: Positive = 1.0
    # Half an hour of a node that sends 15 packets a second; 8 MB at the most.
    queue_packets: Annotated[int, msgspec.Meta(ge=1)] = 27_000
    health_every_s: Positive = 10.0
    keep_nights: Annotated[int, msgspec.Meta(ge=0)] = KEEP_NIGHTS
    # How many collectors write to data_directory: together they fill it faster.
    sharing_disk: Annotated[int, msgspec.Meta(ge=1)] = 1

    @property
    def zone(self) -> ZoneInfo:
        """The wearer's time zone."""
        return ZoneInfo(self.timezone)
