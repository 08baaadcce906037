"""What watching a session brings, and what the night store files."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec

from collector.contract.messages import StreamKind
from collector.contract.topics import Place
from detector.events import Event
from detector.frames import Frames


class SessionInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What is the same for a whole session, and how it is watched."""

    wearer: str
    site: str
    session: str
    streams: tuple[StreamKind, ...]
    detector_version: str
    parameters: dict[str, object]
    parameters_hash: str
    simulated: bool = False

    @property
    def place(self) -> Place:
        """Who wears the sensor, and where."""
        return Place(self.wearer, self.site)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one session brought since the last batch.

    `start_ns` and `end_ns` are of the session so far: its first sample, and behind its last. `snapshot` is the state
    from which watching continues behind exactly this batch; None files the batch and keeps the snapshot before it.
    `announced` events are due for publication; those that end only because watching stops are not.
    """

    info: SessionInfo
    start_ns: int
    end_ns: int
    events: Sequence[Event] = ()
    frames: Frames | None = None
    temperatures: Sequence[tuple[int, float]] = ()  # (t_ns, degrees Celsius)
    snapshot: bytes | None = None
    complete: bool = False
    announced: bool = True

    def followed_by(self, later: "Batch") -> "Batch":
        """Both as one, where this one could not be filed."""
        frames = [part.frames for part in (self, later) if part.frames is not None]
        return replace(
            later,
            events=(*self.events, *later.events),
            frames=Frames.joined(frames) if frames else None,
            temperatures=(*self.temperatures, *later.temperatures),
        )

    @property
    def without_curves(self) -> "Batch":
        """The events alone: a hundredth of the room. The snapshot stays behind, so that the curves come again."""
        return replace(self, frames=None, temperatures=(), snapshot=None)
