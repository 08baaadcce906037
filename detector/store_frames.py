"""How frames lie in the night store: rows a second for the whole night, every frame for a while, traces for good."""

import sqlite3

import msgspec
import numpy as np
from numpy.typing import NDArray

from collector.contract.messages import NS
from collector.contract.nights import Interval
from detector import frame_rows
from detector.frames import Frames
from detector.night_record import Trace

TRACE_BEFORE_S = 20
TRACE_AFTER_S = 10
"""Enough to see the resting level from which an event rose, and that it is over."""
TRACE_LIMIT_S = 180
"""What decided an event lies in its first half minute; one that lasts longer is told well enough by the seconds."""


class PackedFrames(msgspec.Struct, frozen=True):
    """Frames as they are stored; n frames, c channels. Single precision: seven digits of a microvolt are plenty."""

    channels: tuple[str, ...]
    t_ns: bytes  # int64 (n,)
    levels_uv: bytes  # float32 (3, n, c): envelope, rest, threshold
    motion_mg: bytes  # float32 (n,)

    @property
    def times(self) -> NDArray[np.int64]:
        """The frames' ends, shape (n,)."""
        return np.frombuffer(self.t_ns, "<i8")

    def trace(self, channel: str) -> Trace:
        """These frames of one channel."""
        levels = np.frombuffer(self.levels_uv, "<f4").reshape(3, -1, len(self.channels))
        envelope, rest, threshold = levels[:, :, self.channels.index(channel)].astype(np.float64)
        return Trace(self.times, envelope, rest, threshold, np.frombuffer(self.motion_mg, "<f4").astype(np.float64))


def put(db: sqlite3.Connection, session: int, frames: Frames) -> None:
    """File frames in place of whatever was filed from their first moment on, the events that rest on it included."""
    _drop_from(db, session, int(frames.t_ns[0]) - _step_ns(frames), int(frames.t_ns[0]))
    _put_seconds(db, session, frame_rows.seconds(frames))
    for interval in frame_rows.unwatched(frames):
        _put_unwatched(db, session, interval, _step_ns(frames))
    start_ns, end_ns = int(frames.t_ns[0]) - _step_ns(frames), int(frames.t_ns[-1])
    db.execute(
        "INSERT INTO recent_frames VALUES (?, ?, ?, ?)",
        (session, start_ns, end_ns, msgspec.msgpack.encode(_packed(frames))),
    )
    db.execute("UPDATE session SET last_frame_ns = ? WHERE id = ?", (end_ns, session))


def cut_traces(db: sqlite3.Connection, session: int, since_ns: int) -> None:
    """Keep the frames around every event that those from `since_ns` on may belong to; let go of older frames."""
    oldest_onset_ns = since_ns - (TRACE_LIMIT_S - TRACE_BEFORE_S) * NS
    events = db.execute(
        "SELECT id, channel, onset_ns, coalesce(end_ns, 1 << 62) FROM event WHERE session = ? AND onset_ns >= ?",
        (session, oldest_onset_ns),
    ).fetchall()
    for event, channel, onset_ns, end_ns in events:
        start_ns = onset_ns - TRACE_BEFORE_S * NS
        stop_ns = min(end_ns + TRACE_AFTER_S * NS, start_ns + TRACE_LIMIT_S * NS)
        frames = _between(db, session, start_ns, stop_ns)
        if frames is not None and channel in frames.channels:
            db.execute("INSERT OR REPLACE INTO trace VALUES (?, ?)", (event, msgspec.msgpack.encode(frames)))
    db.execute(
        "DELETE FROM recent_frames WHERE session = ? AND end_ns < ?",
        (session, oldest_onset_ns - TRACE_BEFORE_S * NS),
    )


def trace(packed: bytes, channel: str) -> Trace:
    """The trace of an event on one channel, from what is stored."""
    return msgspec.msgpack.decode(packed, type=PackedFrames).trace(channel)


def _step_ns(frames: Frames) -> int:
    return round(frames.step_s * NS)


def _drop_from(db: sqlite3.Connection, session: int, start_ns: int, first_ns: int) -> None:
    """Rows of later seconds go; the second in which the first frame ends is merged."""
    for table in ("second", "envelope"):
        db.execute(f"DELETE FROM {table} WHERE session = ? AND t_s > ?", (session, first_ns // NS))
    db.execute("DELETE FROM unwatched WHERE session = ? AND start_ns >= ?", (session, start_ns))
    db.execute("UPDATE unwatched SET end_ns = min(end_ns, ?) WHERE session = ?", (start_ns, session))
    db.execute("DELETE FROM recent_frames WHERE session = ? AND start_ns >= ?", (session, start_ns))
    db.execute("DELETE FROM event WHERE session = ? AND suspected_ns >= ?", (session, first_ns))


def _put_seconds(db: sqlite3.Connection, session: int, rows: frame_rows.SecondRows) -> None:
    places = np.column_stack([rows.motion_mg, rows.gravity_mg]).tolist()
    db.executemany(
        "INSERT INTO second VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
        " motion_mg = coalesce(max(motion_mg, excluded.motion_mg), motion_mg, excluded.motion_mg),"
        " gravity_x_mg = excluded.gravity_x_mg, gravity_y_mg = excluded.gravity_y_mg,"
        " gravity_z_mg = excluded.gravity_z_mg",
        [(session, t_s, *place) for t_s, place in zip(rows.t_s.tolist(), places, strict=True)],
    )
    for c, channel in enumerate(rows.channels):
        levels = np.column_stack([rows.min_uv[:, c], rows.max_uv[:, c], rows.rest_uv[:, c], rows.threshold_uv[:, c]])
        db.executemany(
            "INSERT INTO envelope VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
            " min_uv = coalesce(min(min_uv, excluded.min_uv), min_uv, excluded.min_uv),"
            " max_uv = coalesce(max(max_uv, excluded.max_uv), max_uv, excluded.max_uv),"
            " rest_uv = excluded.rest_uv, threshold_uv = excluded.threshold_uv, quality = quality | excluded.quality",
            [
                (session, channel, t_s, *level, quality)
                for t_s, level, quality in zip(
                    rows.t_s.tolist(), levels.tolist(), rows.quality[:, c].tolist(), strict=True
                )
            ],
        )


def _put_unwatched(db: sqlite3.Connection, session: int, interval: Interval, step_ns: int) -> None:
    """Add a stretch, or lengthen the one it continues; a new clock may shift their meeting point within a frame."""
    lengthened = db.execute(
        "UPDATE unwatched SET end_ns = ? WHERE session = ? AND cause = ? AND end_ns BETWEEN ? AND ?",
        (interval.end_ns, session, interval.label, interval.start_ns - step_ns, interval.start_ns),
    )
    if not lengthened.rowcount:
        db.execute("INSERT OR REPLACE INTO unwatched VALUES (?, ?, ?, ?)", (session, *interval))


def _packed(frames: Frames) -> PackedFrames:
    levels = np.stack([frames.envelope_uv, frames.rest_uv, frames.threshold_uv])
    return PackedFrames(
        frames.channels,
        frames.t_ns.astype("<i8").tobytes(),
        levels.astype("<f4").tobytes(),
        frames.motion_mg.astype("<f4").tobytes(),
    )


def _between(db: sqlite3.Connection, session: int, start_ns: int, stop_ns: int) -> PackedFrames | None:
    """The recent frames that end in the given time, put together; None when there are none."""
    rows = db.execute(
        "SELECT frames FROM recent_frames WHERE session = ? AND end_ns >= ? AND start_ns < ? ORDER BY start_ns",
        (session, start_ns, stop_ns),
    )
    chunks = [msgspec.msgpack.decode(row[0], type=PackedFrames) for row in rows]
    if not chunks:
        return None
    # Where chunks overlap the later one was decided anew.
    following = [chunk.times[0] for chunk in chunks[1:]] + [stop_ns]
    parts = [_cut(chunk, start_ns, min(stop_ns, stop)) for chunk, stop in zip(chunks, following, strict=True)]
    return PackedFrames(
        chunks[0].channels,
        b"".join(part.t_ns for part in parts),
        np.concatenate([_levels(part) for part in parts], axis=1).tobytes(),
        b"".join(part.motion_mg for part in parts),
    )


def _levels(packed: PackedFrames) -> NDArray[np.float32]:
    return np.frombuffer(packed.levels_uv, "<f4").reshape(3, -1, len(packed.channels))


def _cut(packed: PackedFrames, start_ns: int, stop_ns: int) -> PackedFrames:
    keep = (packed.times >= start_ns) & (packed.times < stop_ns)
    return PackedFrames(
        packed.channels,
        packed.times[keep].tobytes(),
        _levels(packed)[:, keep].tobytes(),
        np.frombuffer(packed.motion_mg, "<f4")[keep].tobytes(),
    )
