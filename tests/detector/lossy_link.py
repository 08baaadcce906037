"""What can happen between a collector and the detector's service: messages repeated, swapped, lost, torn, delayed."""

import random
from collections import deque
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from collector.contract.codec import encode_block, encode_json
from collector.contract.messages import SampleBlock, Status
from collector.contract.topics import Place

State = Literal["online", "offline", "ended"]


class Message(NamedTuple):
    """What travels."""

    topic: str
    payload: bytes


class Sender:
    """The collector of one place: publishes its session's blocks, and from wherever it is asked to once more."""

    def __init__(self, place: Place, blocks: Sequence[SampleBlock]) -> None:
        self.place = place
        self.blocks = tuple(blocks)
        self.session = self.blocks[0].session
        self.sent = 0

    def send(self, count: int) -> list[Message]:
        """The next blocks."""
        start, self.sent = self.sent, min(self.sent + count, len(self.blocks))
        return self.messages(start, self.sent)

    def messages(self, start: int, stop: int) -> list[Message]:
        """Blocks as they travel."""
        return [Message(self.place.topic(block.stream), encode_block(block)) for block in self.blocks[start:stop]]

    def answer(self, request: dict[str, Any]) -> list[Message]:
        """Everything it has sent, from the earliest of the blocks asked for on."""
        wanted = request["from_seq"]
        rows = [row for row in range(self.sent) if wanted.get(self.blocks[row].stream) == self.blocks[row].seq]
        return self.messages(min(rows), self.sent) if rows else []

    def status(self, state: State) -> Message:
        """What it says of itself, or the broker of it."""
        last_seq = {block.stream: block.seq for block in self.blocks} if state == "ended" else {}
        session = None if state == "offline" else self.session
        status = Status(state=state, t_ns=self.blocks[0].t0_ns, session=session, last_seq=last_seq)
        return Message(self.place.topic("status"), encode_json(status))


class Wire:
    """Messages on their way."""

    def __init__(self) -> None:
        self.waiting: deque[Message] = deque()
        self.arrived: list[Message] = []

    def take(self) -> Message:
        """The message that arrives next."""
        message = self.waiting.popleft()
        self.arrived.append(message)
        return message

    def repeat(self, which: int) -> None:
        """Any message that has arrived arrives once more."""
        self.waiting.appendleft(self.arrived[which % len(self.arrived)])

    def shuffle(self, within: int, rng: random.Random) -> None:
        """What waits arrives in another order; nothing moves by more than `within`."""
        waiting = sorted(enumerate(self.waiting), key=lambda entry: entry[0] + rng.uniform(0, within))
        self.waiting = deque(message for _, message in waiting)

    def lose(self, which: int) -> None:
        """A message that waits never arrives."""
        del self.waiting[which % len(self.waiting)]

    def tear(self, which: int, rng: random.Random) -> None:
        """A message that waits arrives damaged; JSON, which has no checksum, so that it is none."""
        topic, payload = self.waiting[which % len(self.waiting)]
        if topic.endswith("status"):
            payload = payload[:1]
        damaged = bytearray(payload[: rng.choice([len(payload), rng.randrange(len(payload))])])
        for _ in range(min(3, len(damaged))):
            damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        self.waiting[which % len(self.waiting)] = Message(topic, bytes(damaged))
