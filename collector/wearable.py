"""One wearable of a session: what it is, which streams it brings, how its packets are read, and its link."""

from collections.abc import Awaitable, Callable, Collection, Iterable

from collector.backend import Backend
from collector.contract.messages import StreamKind
from collector.devices.decoder import Decoder, Samples
from collector.devices.profile import BadProfile, DeviceInfo, Profile, Stream
from collector.settings import DeviceSettings
from collector.supervisor import Supervisor

OnPacket = Callable[["Wearable", str, bytes], None]
Begin = Callable[["Wearable"], Awaitable[dict[StreamKind, int]]]


class Wearable:
    """A wearable as its profile has it or, once it is `known`, as it has described itself.

    Only its streams in `kinds` are wanted; packets of others that share a characteristic with them are ignored.
    `begin(wearable)` is awaited when it is connected and described; it returns the indices to resume from.
    """

    def __init__(
        self,
        settings: DeviceSettings,
        profile: Profile,
        kinds: Collection[StreamKind],
        begin: Begin,
        on_packet: OnPacket,
        monotonic_ns: Callable[[], int],
        backend: Backend,
    ) -> None:
        self._kinds = kinds
        self._begin = begin
        self.known = False
        self._describe(DeviceInfo(None, profile.stream))
        self.supervisor = Supervisor(
            profile,
            settings,
            self._connected,
            lambda char, payload: on_packet(self, char, payload),
            monotonic_ns,
            backend,
            kinds=kinds,
        )

    @property
    def streams(self) -> tuple[Stream, ...]:
        """What it brings to the session."""
        return self.info.streams

    def take(self, char: str, payload: bytes, arrival_ns: int) -> Samples | None:
        """The samples of a packet, None when its stream is not wanted; raises PacketRefused."""
        samples = self._decoder.decode(char, payload)
        if samples.stream not in self._kinds:
            return None
        self.supervisor.heard(samples.stream, len(samples.digital), arrival_ns)
        return samples

    async def _connected(self, info: DeviceInfo) -> dict[StreamKind, int]:
        self.known = True
        if info != self._described:
            self._describe(info)
        return await self._begin(self)

    def _describe(self, info: DeviceInfo) -> None:
        self._described = info
        self._decoder = Decoder(info.streams)
        self.info = DeviceInfo(info.boot, tuple(stream for stream in info.streams if stream.kind in self._kinds))


def shares(devices: Iterable[tuple[DeviceSettings, Profile]]) -> list[tuple[StreamKind, ...]]:
    """Which streams are wanted of each device, the sensor's own first: each kind of one device only.

    A temperature that no profile has may still come from the first device, as a standard service, unless its streams
    are named. Raises BadProfile for a device that would bring nothing, and where two are to bring the same.
    """
    devices = tuple(devices)
    taken: list[StreamKind] = []
    found = []
    for settings, profile in devices:
        own = tuple(stream.kind for stream in profile.stream)
        wanted = settings.streams or tuple(kind for kind in own if kind not in taken)
        if both := set(wanted) & set(taken):
            raise BadProfile(f"two wearables are to bring {', '.join(sorted(both))}; name the `streams` of each")
        if not wanted:
            raise BadProfile(f"{settings.profile} brings no stream that is not there already; leave it out")
        taken += wanted
        found.append(wanted)
    if "temp" not in taken and devices[0][0].streams is None:
        found[0] = (*found[0], "temp")
    return found
