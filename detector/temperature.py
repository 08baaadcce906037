"""Skin temperature for the record: one value a minute is more than a skin can change."""

import msgspec
import numpy as np

from collector.contract.messages import NS, SampleBlock

MINUTE_NS = 60 * NS


class MinuteMeans(msgspec.Struct):
    """Means over the minutes of the clock; the open minute is carried from block to block.

    A stream slower than a value a minute passes as it was sent. Values on the converter's rails are no temperatures
    and are left out. Of several channels the first counts.
    """

    minute: int = -1  # since 1970
    total_c: float = 0.0
    count: int = 0

    def push(self, block: SampleBlock) -> list[tuple[int, float]]:
        """(t_ns, degrees Celsius) for the minutes the block touches, at their middle; the last may come out again."""
        channel, digital, physical = block.channels[0], block.digital()[:, 0], block.physical()[:, 0]
        inside = np.flatnonzero((digital > channel.digital_min) & (digital < channel.digital_max))
        rows = {}
        for index in inside.tolist():
            t_ns, celsius = block.clock.time_ns(block.first_index + index), float(physical[index])
            if block.fs * MINUTE_NS <= NS:
                rows[t_ns] = celsius
            else:
                rows[t_ns // MINUTE_NS * MINUTE_NS + MINUTE_NS // 2] = self._mean_with(t_ns // MINUTE_NS, celsius)
        return list(rows.items())

    def _mean_with(self, minute: int, celsius: float) -> float:
        if minute != self.minute:
            self.minute, self.total_c, self.count = minute, 0.0, 0
        self.total_c += celsius
        self.count += 1
        return self.total_c / self.count
