"""A detector's memory as bytes: MessagePack of numbers, lists and arrays; nothing in it is ever executed."""

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from collector.contract.messages import Channel, StreamKind
from detector.contraction import Contraction
from detector.dsp.state import Remembers
from detector.emg_front import EmgFront, RawFrames
from detector.motion_front import MotionFront
from detector.settings import DetectorSettings
from detector.version import VERSION

if TYPE_CHECKING:
    from detector.pipeline import CrampDetector

ARRAY = 1
"""MessagePack extension type of an array: (dtype, shape, bytes)."""


class SnapshotMismatch(ValueError):
    """The snapshot cannot be continued; the session has to be judged again from its start."""


class SavedFront(msgspec.Struct):
    """One stream's way from samples to frames: what it was built from, and the memory of each of its blocks."""

    fs: float
    channels: tuple[Channel, ...]
    states: list[dict[str, Any]]


class SavedChannel(msgspec.Struct):
    """One EMG channel's judgement so far."""

    watch: dict[str, Any]
    rest: dict[str, Any]
    history: dict[str, Any]
    contraction: Contraction | None


class Saved(msgspec.Struct):
    """The whole memory."""

    version: str
    parameters: str
    wearer: str
    site: str
    session: str
    streams: tuple[StreamKind, ...]
    emg: SavedFront | None
    motion: SavedFront | None
    channels: list[SavedChannel]
    pending: list[list[Any]]
    events: dict[str, Any]


def encode(detector: "CrampDetector") -> bytes:
    """The detector's memory as bytes."""
    emg, motion = detector.emg, detector.motion
    saved = Saved(
        version=VERSION,
        parameters=detector.settings.hash,
        wearer=detector.place.wearer,
        site=detector.place.site,
        session=detector.session,
        streams=detector.streams,
        emg=None if emg is None else _saved(emg, emg, emg.band_pass, emg.hops, emg.envelope),
        motion=None if motion is None else _saved(motion, motion, motion.motion),
        channels=[SavedChannel(c.state(), c.rest.state(), c.history.state(), c.contraction) for c in detector.channels],
        pending=[[getattr(frames, name) for name in RawFrames.__slots__] for frames in detector.pending],
        events=detector.site.state(),
    )
    return msgspec.msgpack.encode(saved, enc_hook=_pack_array)


def decode(data: bytes, settings: DetectorSettings) -> Saved:
    """The memory from bytes; raises SnapshotMismatch when it is damaged or belongs to another rule."""
    try:
        saved = msgspec.msgpack.decode(data, type=Saved, ext_hook=_unpack_array)
    except (msgspec.DecodeError, ValueError, TypeError) as error:
        raise SnapshotMismatch(f"the snapshot is damaged: {error}") from error
    if (saved.version, saved.parameters) != (VERSION, settings.hash):
        raise SnapshotMismatch(
            f"the snapshot was made by rule {saved.version} with parameters {saved.parameters}, "
            f"this is rule {VERSION} with {settings.hash}"
        )
    return saved


def fill(detector: "CrampDetector", saved: Saved) -> None:
    """Put the memory into a detector that was built for it; raises SnapshotMismatch when it does not fit."""
    try:
        emg, motion = detector.emg, detector.motion
        if emg is not None and saved.emg is not None:
            for block, state in zip((emg, emg.band_pass, emg.hops, emg.envelope), saved.emg.states, strict=True):
                block.restore(state)
        if motion is not None and saved.motion is not None:
            for block, state in zip((motion, motion.motion), saved.motion.states, strict=True):
                block.restore(state)
        for channel, kept in zip(detector.channels, saved.channels, strict=True):
            channel.restore(kept.watch)
            channel.rest.restore(kept.rest)
            channel.history.restore(kept.history)
            channel.contraction = kept.contraction
        detector.pending = [RawFrames(*columns) for columns in saved.pending]
        detector.site.restore(saved.events)
    except (KeyError, TypeError, ValueError) as error:
        raise SnapshotMismatch(f"the snapshot is damaged: {error}") from error


def _saved(front: EmgFront | MotionFront, *blocks: Remembers) -> SavedFront:
    return SavedFront(front.fs, front.channels, [block.state() for block in blocks])


def _pack_array(value: object) -> object:
    if isinstance(value, np.ndarray):
        parts = (value.dtype.str, value.shape, np.ascontiguousarray(value).tobytes())
        return msgspec.msgpack.Ext(ARRAY, msgspec.msgpack.encode(parts))
    raise TypeError(f"{type(value).__name__} does not belong in a snapshot")


def _unpack_array(code: int, data: memoryview) -> object:
    if code != ARRAY:
        raise ValueError(f"unknown extension {code}")
    dtype, shape, content = msgspec.msgpack.decode(data, type=tuple[str, tuple[int, ...], bytes])
    return np.frombuffer(content, np.dtype(dtype)).reshape(shape).copy()
