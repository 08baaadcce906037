"""How much of a recording was watched, and why the rest was not."""

from collector.contract.messages import NS
from collector.contract.nights import Interval
from detector.frame_rows import unwatched
from detector.frames import CAUSES, Frames, Quality

NO_DATA = CAUSES[Quality.MISSING]


class Coverage:
    """Adds up the stretches in which no EMG channel could be judged; remembers those stretches and no frame.

    `start_ns` is the recording's first sample. What lies between it and the first frame, or between frames, counts
    with the frame that follows: an envelope has to look back before it can tell anything.
    """

    def __init__(self, start_ns: int) -> None:
        self._start_ns = self._judged_to_ns = start_ns
        self._step_ns = 0
        self._unwatched: list[Interval] = []

    def add(self, frames: Frames) -> None:
        """Take in the frames that follow those before."""
        self._step_ns = round(frames.step_s * NS)
        first_frame_from_ns = int(frames.t_ns[0]) - self._step_ns
        for interval in unwatched(frames):
            begins_the_push = interval.start_ns <= first_frame_from_ns
            self._append(interval._replace(start_ns=self._judged_to_ns) if begins_the_push else interval)
        self._judged_to_ns = int(frames.t_ns[-1])

    def intervals(self, end_ns: int) -> list[Interval]:
        """The stretches up to `end_ns` that were not watched, in order, those of one cause in one piece.

        `end_ns` is the recording's end. Frames that are missing there altogether are missing data; a last frame cut
        short shares the fate of the one before it.
        """
        last = self._unwatched[-1] if self._unwatched else None
        missing = end_ns - self._judged_to_ns > 2 * self._step_ns
        if last and last.end_ns >= self._judged_to_ns and (not missing or last.label == NO_DATA):
            return [*self._unwatched[:-1], last._replace(end_ns=end_ns)]
        return [*self._unwatched, Interval(self._judged_to_ns, end_ns, NO_DATA)] if missing else list(self._unwatched)

    def watched_s(self, end_ns: int) -> float:
        """How long at least one EMG channel could be judged."""
        blind_s = sum(interval.seconds for interval in self.intervals(end_ns))
        return max(0.0, (end_ns - self._start_ns) / NS - blind_s)

    def _append(self, interval: Interval) -> None:
        last = self._unwatched[-1] if self._unwatched else None
        if last and last.label == interval.label and interval.start_ns <= last.end_ns:
            self._unwatched[-1] = last._replace(end_ns=interval.end_ns)
        else:
            self._unwatched.append(interval)
