"""What the alarm hears of collectors, the detector, people and Home Assistant; what comes to its page."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from collector.contract.codec import encode_json
from collector.contract.messages import NS
from collector.contract.topics import Place
from detector.alarm.messages import Command, FeltCramp, Verdict
from detector.messages import event_message
from detector.sight import Seen
from tests.detector.bedside.stand_ins import Home
from tests.fuzz.messages import JSON, SMALL, sealed, split
from tests.fuzz.mutation import STRANGE_JSON, Mutator, as_json
from tests.fuzz.target import ACCEPTED
from tests.support.blocks import START_NS
from tests.support.frames import event

OTHER = Place("w9", "right_calf")
"""Whatever comes is said of this one, lest it be obeyed where an alarm has to sound in the end."""
HEARD: dict[str, msgspec.Struct] = {
    **{what: JSON[what] for what in ("status", "health", "fault")},
    "watch": Seen(state="CANDIDATE", since_ns=START_NS, event_id="a1", text="Watching.", t_ns=START_NS + NS),
    "event": event_message(event(60.0, "ended", end_s=100.0), late=False, t_ns=START_NS),
    "cmd/alarm": Command(do="snooze", by="wearer", t_ns=START_NS, minutes=30, event_id="a1", id="c1"),
    "cmd/verdict": Verdict(event_id="a1", verdict="cramp", by="wearer", t_ns=START_NS, id="v1"),
    "cmd/diary": FeltCramp(
        felt_ns=START_NS, by="wearer", t_ns=START_NS, pain=6, duration_s=90.0, leg="left", muscle="calf", id="f1"
    ),
}


class BedsideTrial:
    """Damaged messages to an alarm that watches somebody else as well."""

    refusals: tuple[type[Exception], ...] = ()

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder).online()
        self._count = 0

    def make(self, rng: random.Random) -> bytes:
        mutator = Mutator(rng)
        if rng.random() < 0.1:
            sent = SMALL[2]
            return OTHER.topic("temp").encode() + b"\n" + sealed(mutator.damaged(msgspec.msgpack.encode(sent), b""))
        what, message = rng.choice(list(HEARD.items()))
        valid = encode_json(message)
        payload = as_json(mutator.changed(msgspec.json.decode(valid), STRANGE_JSON)) if rng.random() < 0.7 else valid
        if payload == valid or rng.random() < 0.1:
            payload = mutator.damaged(payload, valid)
        return OTHER.topic(what).encode() + b"\n" + payload

    def put(self, data: bytes) -> str:
        topic, payload = split(data)
        refused = self.home.bedside.refusals.counts.copy()
        self.home.bedside.message(topic, payload)
        self._count += 1
        if self._count % 50 == 0:
            self.home.pass_s(10)
            self.home.published.clear()
        return next(iter(self.home.bedside.refusals.counts - refused), ACCEPTED)

    def finish(self) -> None:
        """A cramp sounds as ever."""
        rung = len(self.home.rings)
        self.home.cramp()
        assert [kind for _, kind in self.home.rings[rung:]] == ["cramp"]


@contextmanager
def bedside(folder: Path) -> Iterator[BedsideTrial]:
    trial = BedsideTrial(folder)
    yield trial
    trial.finish()
    trial.home.kill()
