"""What is heard of one place while it is checked: samples lead through the course; of the rest the newest counts."""

from collections.abc import Callable

from collector.contract.codec import decode_block, decode_json
from collector.contract.errors import Inconsistent
from collector.contract.messages import NS, Faults, Health, SampleBlock, Status
from collector.contract.topics import Place, parse, stream_of
from crampwatch.preflight.course import Course, Phase
from detector.settings import DetectorSettings
from detector.sight import Seen

SUBSCRIBED = ("emg", "acc", "status", "health", "fault", "watch")
STALE_S = 15.0
"""Samples older than this are what a collector sends after an outage: they belong to no prompt."""


class Heard:
    """Everything that was said of a place. `say` is called with each phase that begins.

    `now_ns` is the time of day, by which samples are told from old ones; None where a recording plays.
    """

    def __init__(
        self,
        place: Place,
        settings: DetectorSettings,
        say: Callable[[Phase], None] = lambda _: None,
        now_ns: Callable[[], int] | None = None,
    ) -> None:
        self.place = place
        self._settings = settings
        self._say = say
        self._now_ns = now_ns
        self.course: Course | None = None
        self.unusable: str | None = None
        self.late = False  # samples came that were too old
        self.samples = 0
        self.newest_ns = 0
        self.status: Status | None = None
        self.health: Health | None = None
        self.faults: Faults | None = None
        self.seen: Seen | None = None

    @property
    def finished(self) -> bool:
        """Whether the course has come to its end."""
        return self.course is not None and self.course.phase == "done"

    def message(self, topic: str, payload: bytes) -> None:
        """Take in a message; raises a ContractError for one that is none, or of a later version."""
        place, what = parse(topic)
        if place == self.place:
            self._take(what, payload)

    def _take(self, what: str, payload: bytes) -> None:
        if stream_of(what):
            self._block(decode_block(payload))
        match what:
            case "status":
                self.status = decode_json(payload, Status)
            case "health":
                self.health = decode_json(payload, Health)
            case "fault":
                self.faults = decode_json(payload, Faults)
            case "watch":
                self.seen = decode_json(payload, Seen)

    def _block(self, block: SampleBlock) -> None:
        if self.finished:
            return
        if self._now_ns and (self._now_ns() - block.end_ns) / NS > STALE_S:
            self.late = True
            return
        if self.course is None or self.course.session != block.session:
            self.course = Course(block.session, self._settings)
        self.samples += block.count if block.stream == "emg" else 0
        self.newest_ns = max(self.newest_ns, block.end_ns)
        try:
            begun = self.course.push(block)
        except Inconsistent as error:
            self.unusable = str(error)
            return
        for phase in begun:
            self._say(phase)
