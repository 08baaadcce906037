"""Small sample blocks, for tests that care about order and numbers and not about what was measured."""

from collections.abc import Sequence

import numpy as np

from collector.contract.messages import NS, Channel, Clock, SampleBlock, StreamKind

START_NS = 1_795_125_600 * NS  # 2026-11-19T22:00:00Z
CHANNELS: dict[StreamKind, tuple[Channel, ...]] = {
    "emg": (Channel(name="gastrocnemius", unit="uV"),),
    "acc": tuple(Channel(name=axis, unit="mg") for axis in "xyz"),
    "temp": (Channel(name="skin", unit="degC", scale=0.01),),
}


def block(
    seq: int,
    stream: StreamKind = "emg",
    *,
    samples: Sequence[int] = (0,) * 10,
    fs: float = 10.0,
    first_index: int | None = None,
    session: str = "2026-11-19_w1_left_calf_3f2a",
    streams: tuple[StreamKind, ...] = ("emg", "acc", "temp"),
) -> SampleBlock:
    """A block of one second, unless told otherwise; its samples follow on those of the block before."""
    return SampleBlock(
        session=session,
        streams=streams,
        stream=stream,
        seq=seq,
        first_index=seq * (len(samples) // len(CHANNELS[stream])) if first_index is None else first_index,
        fs=fs,
        clock=Clock(index=0, t_ns=START_NS, fs=fs),
        channels=CHANNELS[stream],
        samples=np.asarray(samples, "<i2").tobytes(),
    )
