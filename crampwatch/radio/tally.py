"""What came in: packets by characteristic, their sizes and rates, and what the profile makes of them."""

from collections import Counter
from collections.abc import Collection
from typing import NamedTuple

from collector.contract.messages import StreamKind
from collector.devices.decoder import Decoder, PacketRefused, Samples
from collector.devices.profile import Stream
from crampwatch.radio.tap import Packet


class Characteristic:
    """What one characteristic has sent."""

    def __init__(self, uuid: str) -> None:
        self.uuid = uuid
        self.sizes: Counter[int] = Counter()
        self.samples: Counter[StreamKind] = Counter()
        self.refused: Counter[str] = Counter()
        self._first_s = self._last_s = 0.0
        self._first_samples = 0

    @property
    def packets(self) -> int:
        """How many packets there were."""
        return self.sizes.total()

    @property
    def packets_per_s(self) -> float | None:
        """From the first packet to the last; None for fewer than two."""
        return self._per_s(self.packets - 1)

    @property
    def samples_per_s(self) -> float | None:
        """Over the same time, in which the first packet's samples were not measured; None for less than two packets."""
        return self._per_s(self.samples.total() - self._first_samples)

    def take(self, packet: Packet, meaning: Samples | PacketRefused | None) -> None:
        """Count a packet, and what the profile made of it."""
        if isinstance(meaning, Samples):
            self.samples[meaning.stream] += len(meaning.digital)
        elif meaning is not None:
            self.refused[type(meaning).__name__] += 1
        if not self.sizes:
            self._first_s, self._first_samples = packet.at_s, self.samples.total()
        self._last_s = packet.at_s
        self.sizes[len(packet.payload)] += 1

    def _per_s(self, count: int) -> float | None:
        lasted = self._last_s - self._first_s
        return count / lasted if lasted > 0 else None


class Gap(NamedTuple):
    """Samples that a device counted and that did not arrive."""

    stream: StreamKind
    at_s: float
    missing: int


class Tally:
    """Takes packets one by one. Without `streams` they are counted and not decoded."""

    def __init__(self, streams: Collection[Stream] = ()) -> None:
        self.characteristics: dict[str, Characteristic] = {}
        self.gaps: list[Gap] = []
        self._decoder = Decoder(streams) if streams else None
        self._known = {char for stream in streams for char in stream.characteristics}
        self._modulus = {stream.kind: stream.counter_modulus for stream in streams}
        self._next: dict[StreamKind, int] = {}

    @property
    def refused(self) -> int:
        """How many packets of known characteristics could not be decoded."""
        return sum(it.refused.total() for it in self.characteristics.values())

    def take(self, packet: Packet) -> Samples | PacketRefused | None:
        """What the profile makes of a packet; None for a characteristic that it does not know."""
        meaning = self._meaning(packet)
        of = self.characteristics.setdefault(packet.char, Characteristic(packet.char))
        of.take(packet, meaning)
        if isinstance(meaning, Samples) and meaning.counter is not None:
            self._follow(meaning, meaning.counter, packet.at_s)
        return meaning

    def _meaning(self, packet: Packet) -> Samples | PacketRefused | None:
        if self._decoder is None or packet.char not in self._known:
            return None
        try:
            return self._decoder.decode(packet.char, packet.payload)
        except PacketRefused as refusal:
            return refusal

    def _follow(self, samples: Samples, counter: int, at_s: float) -> None:
        """Whether the device's count goes on where it was; a short counter hides gaps of whole turns."""
        modulus = self._modulus[samples.stream]
        assert modulus is not None  # there is a counter, so it has a range
        missing = (counter - self._next.get(samples.stream, counter)) % modulus
        if missing:
            self.gaps.append(Gap(samples.stream, at_s, missing))
        self._next[samples.stream] = (counter + len(samples.digital)) % modulus
