"""Legs that cramp again and again: cheap to play to the detector, for as many wearers as are wanted.

White noise for a muscle at rest, louder for a cramp; the leg keeps still. How right the detector is on such legs is not
the question here, only how long it takes.
"""

from dataclasses import dataclass
from functools import cache

import msgspec

from collector.contract.messages import NS, Clock, SampleBlock
from collector.contract.topics import Place
from tests.support.signals import Leg, recording

BLOCK_S = 1
"""As the collector cuts them."""
LOOP_S = 30
"""The shortest round: a cramp of 14 s, of which the detector needs 12 s asleep, and rest enough to be asleep again."""
REST_S = 15
"""Until then no leg cramps."""
CRAMP_S = 14.0
CRAMP_UV = 12.0
"""Six times the resting 2 uV, so that no leg's alert is a matter of chance."""
LEGS = 10
"""Different ones. Each cramps a tenth of a block later than the one before."""


@dataclass(frozen=True)
class LoopedWearer:
    """One of `wearers` who send a block of each stream a second, spread over the second as their radios would be.

    `begins_ns` is when the first of them takes the first sample.
    """

    number: int
    wearers: int
    begins_ns: int

    @property
    def place(self) -> Place:
        """Who and where."""
        return Place(f"w{self.number:04}", "left_calf")

    @property
    def session(self) -> str:
        """The session's name."""
        return f"bench_{self.place.wearer}"

    @property
    def start_ns(self) -> int:
        """When this one takes the first sample."""
        return self.begins_ns + self.number * NS // self.wearers

    def due_ns(self, seq: int) -> int:
        """When the last sample of these blocks has been taken, and so when they are to be sent."""
        return self.start_ns + (seq + 1) * BLOCK_S * NS

    def blocks(self, seq: int) -> list[SampleBlock]:
        """The blocks of one second, the accelerometer's first."""
        leg = looped_leg(self.number % LEGS)
        second = (seq + 7 * self.number) % LOOP_S  # each begins the loop at another second
        if seq < LOOP_S:  # and rests for one round, lest the detector take a cramp for the resting level
            second %= REST_S
        return [
            msgspec.structs.replace(
                block,
                session=self.session,
                seq=seq,
                first_index=round(seq * BLOCK_S * block.fs),
                clock=Clock(index=0, t_ns=self.start_ns, fs=block.fs),
            )
            for block in leg[second]
        ]

    def sent_ns(self, sample_ns: int) -> int:
        """When the block is due that holds the sample of this time."""
        seq = -((self.start_ns - sample_ns) // (BLOCK_S * NS)) - 1
        return self.due_ns(seq)


@cache
def looped_leg(number: int) -> list[list[SampleBlock]]:
    """A round of a leg at 1 kHz with its accelerometer: for each second the blocks, the accelerometer's first."""
    onset_s = REST_S + number / LEGS
    leg = Leg(LOOP_S, seed=number).contract(onset_s, onset_s + CRAMP_S, CRAMP_UV)
    blocks = recording(leg, block_s=BLOCK_S)
    return [blocks[k : k + 2] for k in range(0, len(blocks), 2)]
