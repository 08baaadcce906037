"""A detector service at the bedside without a broker: what it is sent, what it says, and what it files."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from collector.contract.codec import encode_block, encode_json
from collector.contract.messages import SampleBlock, Status
from collector.contract.topics import Place
from detector.service import DetectorService
from detector.service_settings import ServiceSettings
from detector.settings import DetectorSettings
from detector.store import NightStore
from tests.support.signals import LEFT_CALF, SESSION, Leg, detect, recording

LEG = Leg(110, fs=250.0).contract(40, 70, 30).contract(85, 89, 40).move(84, 90)
BLOCKS = recording(LEG)
WHOLE = detect(BLOCKS)
CONFIRMED = WHOLE.stage("confirmed")[0]
NIGHT = (date(2026, 11, 19), ZoneInfo("UTC"))
LAST_SEQ = {block.stream: block.seq for block in BLOCKS}


class Bedside:
    """A service, the messages it published, and a clock that stands at the end of the last block delivered."""

    def __init__(self, path: Path, settings: DetectorSettings | None = None, **service: Any) -> None:
        self.store = NightStore(path)
        self.published: list[tuple[str, dict[str, Any]]] = []
        self.untaken: list[Callable[[], None]] = []
        self.broker_takes = True
        self.now_ns = 0
        self.monotonic_s = 0.0
        self.service = DetectorService(
            ServiceSettings(**service),
            settings or DetectorSettings(),
            self.store,
            self.publish,
            lambda: self.now_ns,
            lambda: self.monotonic_s,
        )
        self.service.connected()

    def publish(
        self, topic: str, payload: bytes, *, retain: bool = False, taken: Callable[[], None] | None = None
    ) -> None:
        assert retain == (topic.rsplit("/", 1)[-1] in ("watch", "ack"))
        self.published.append((topic, msgspec.json.decode(payload)))
        if taken and self.broker_takes:
            taken()

    def deliver(self, *blocks: SampleBlock, to: Place = LEFT_CALF) -> "Bedside":
        for block in blocks:
            self.now_ns = max(self.now_ns, block.end_ns)
            self.service.message(to.topic(block.stream), encode_block(block))
        return self

    def status(self, state: str, **fields: Any) -> None:
        message = Status(state=state, t_ns=self.now_ns, session=SESSION, **fields)  # type: ignore[arg-type]
        self.service.message(LEFT_CALF.topic("status"), encode_json(message))

    def end(self) -> None:
        self.status("ended", last_seq=LAST_SEQ)

    def tick(self, seconds: float = 1.0) -> None:
        self.monotonic_s += seconds
        self.service.tick()

    def said(self, what: str, of: Place = LEFT_CALF) -> list[dict[str, Any]]:
        return [message for topic, message in self.published if topic == of.topic(what)]

    def answer_replays(self, blocks: list[SampleBlock]) -> None:
        """As the collector: publish again from the blocks asked for on."""
        for request in self.said("cmd/replay"):
            wanted = request["from_seq"]
            self.deliver(*(block for block in blocks if block.seq >= wanted.get(block.stream, 2**53)))
        self.published = [(topic, message) for topic, message in self.published if not topic.endswith("replay")]

    def crash(self) -> None:
        """Nothing more is said or filed."""
        self.store.close()


@contextmanager
def bedside(path: Path, settings: DetectorSettings | None = None, **service: Any) -> Iterator[Bedside]:
    running = Bedside(path, settings, **service)
    yield running
    running.store.close()


def derived(path: Path) -> list[str]:
    """Every row that follows from the samples."""
    with sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True) as db:
        tables = ("session", "event", "second", "envelope", "unwatched", "temperature", "trace")
        return [row for table in tables for row in sorted(map(repr, db.execute(f"SELECT * FROM {table}")))]


def stages(running: Bedside) -> list[tuple[str, str]]:
    return [(event["id"], event["stage"]) for event in running.said("event")]


EXPECTED_STAGES = [(event.id, event.stage) for event in WHOLE.stage("confirmed", "ended", "rejected")]
