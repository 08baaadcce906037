"""MQTT topics and payloads: into the codec, into a service that watches a night, and into a collector's publisher."""

import random
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from collector.contract.broker import BrokerSettings
from collector.contract.codec import decode_block, decode_json, encode_block, encode_json
from collector.contract.errors import ContractError
from collector.contract.journal import Header, Journal
from collector.contract.messages import (
    NS,
    Ack,
    Buzz,
    Fault,
    Faults,
    Health,
    LinkHealth,
    ReplayRequest,
    SampleBlock,
    Status,
)
from collector.contract.topics import Place, parse, stream_of
from collector.publisher import Publisher
from tests.fuzz.mutation import STRANGE_JSON, Mutator, as_json
from tests.fuzz.target import ACCEPTED
from tests.support.bedside import BLOCKS, EXPECTED_STAGES, LAST_SEQ, Bedside, stages
from tests.support.blocks import START_NS, block
from tests.support.signals import LEFT_CALF, SESSION

OTHER = Place("w2", "right_calf")
JSON: dict[str, msgspec.Struct] = {
    "status": Status(state="ended", t_ns=START_NS, session=SESSION, last_seq=LAST_SEQ, reason="switched off"),
    "health": Health(
        t_ns=START_NS + 70 * NS,
        session=SESSION,
        links=(LinkHealth(device="node", state="streaming", streams=("emg",), rssi_dbm=-61, battery_percent=80.5),),
        samples={"emg": 17500},
        lost={"emg": 12},
        fitted_ppm={"emg": -8.25},
        rate={"emg": 0.99},
        refused={"Truncated": 1},
        unpublished=3,
    ),
    "fault": Faults(
        t_ns=START_NS, faults=(Fault(device="node", streams=("acc",), since_ns=4, cause="away", cure="look"),)
    ),
    "ack": Ack(session=SESSION, next_seq={"emg": 4}, t_ns=START_NS),
    "cmd/buzz": Buzz(kind="cramp", t_ns=START_NS),
    "cmd/replay": ReplayRequest(session=SESSION, from_seq={"emg": 3, "acc": 2}),
}
SMALL: tuple[SampleBlock, ...] = (block(7), block(3, "acc", samples=range(30)), block(1, "temp", samples=(3300, 3310)))


class MessageTrial:
    """Topics and payloads into the codec; what is accepted has to be usable."""

    refusals: tuple[type[Exception], ...] = (ContractError,)
    blocks = SMALL

    def make(self, rng: random.Random) -> bytes:
        mutator = Mutator(rng)
        what, payload = self._block(rng, mutator) if rng.random() < 0.5 else self._json(rng, mutator)
        topic = LEFT_CALF.topic(what)
        if rng.random() < 0.1:
            topic = mutator.text(topic).replace("\n", "")
        return topic.encode() + b"\n" + payload

    def put(self, data: bytes) -> str:
        decode(*split(data))
        return ACCEPTED

    def _block(self, rng: random.Random, mutator: Mutator) -> tuple[str, bytes]:
        """Mostly wrong before its checksum was reckoned: whatever changes later is refused for that alone."""
        sent = rng.choice(self.blocks)
        valid = msgspec.msgpack.encode(sent)
        content = valid
        if rng.random() < 0.6:
            content = msgspec.msgpack.encode(mutator.changed(msgspec.msgpack.decode(valid)))
        if content == valid or rng.random() < 0.1:
            content = mutator.damaged(content, valid)
        payload = sealed(content)
        return sent.stream, mutator.damaged(payload, valid) if rng.random() < 0.1 else payload

    def _json(self, rng: random.Random, mutator: Mutator) -> tuple[str, bytes]:
        what, message = rng.choice(list(JSON.items()))
        valid = encode_json(message)
        payload = valid
        if rng.random() < 0.6:
            payload = as_json(mutator.changed(msgspec.json.decode(valid), STRANGE_JSON))
        if payload == valid or rng.random() < 0.1:
            payload = mutator.damaged(payload, valid)
        return what, payload


class ServiceTrial(MessageTrial):
    """The same into a service, between the blocks of a night whose events have to come out as ever.

    What the service can not tell from the truth, as nothing is wrong with it, is sent as another wearer's.
    """

    refusals = ()
    blocks = (*SMALL, *BLOCKS[40:60:7])
    every = 4
    """So many damaged messages come for each good block."""

    def __init__(self, path: Path) -> None:
        self.running = Bedside(path)
        self._night = list(reversed(BLOCKS))
        self._count = 0

    def put(self, data: bytes) -> str:
        if self._count % self.every == 0 and self._night:
            self.running.deliver(self._night.pop())
        self._count += 1
        topic, payload = split(data)
        service = self.running.service
        refused = service.refusals.counts.copy()
        service.message(_where_harmless(topic, payload), payload)
        if self._count % 50 == 0:
            self.running.tick()
        self.running.published = [said for said in self.running.published if said[0] == LEFT_CALF.topic("event")]
        return next(iter(service.refusals.counts - refused), ACCEPTED)

    def finish(self) -> None:
        """The rest of the night; nothing that came between may have changed it."""
        self.running.deliver(*reversed(self._night))
        self.running.end()
        assert stages(self.running) == EXPECTED_STAGES
        self.running.service.close()
        self.running.store.close()


class ReplayTrial:
    """Requests to a collector's publisher, as they arrive from the broker; nothing is connected."""

    refusals = (ContractError,)

    def __init__(self, folder: Path) -> None:
        header = Header(session=SESSION, wearer="w1", site="left_calf", started_ns=START_NS)
        with Journal.create(folder / f"{SESSION}.journal", header) as journal:
            journal.append(BLOCKS[:20])
        self._publisher = Publisher(LEFT_CALF, BrokerSettings(), folder, _no_health, 10.0)
        self._client = Client(CallbackAPIVersion.VERSION2)

    def make(self, rng: random.Random) -> bytes:
        mutator = Mutator(rng)
        valid = encode_json(JSON["cmd/replay"])
        if rng.random() < 0.3:
            return mutator.damaged(valid)
        return as_json(mutator.changed(msgspec.json.decode(valid), STRANGE_JSON))

    def put(self, data: bytes) -> str:
        message = MQTTMessage(topic=LEFT_CALF.topic("cmd/replay").encode())
        message.payload = data
        self._publisher._on_message(self._client, None, message)
        decode_json(data, ReplayRequest)  # the publisher says only in its log that it has refused
        return ACCEPTED


def sealed(content: bytes) -> bytes:
    """A block's content with its checksum: CRC-32 as MessagePack's unsigned integer of 32 bits."""
    return content + b"\xce" + zlib.crc32(content).to_bytes(4, "big")


def split(data: bytes) -> tuple[str, bytes]:
    """An input as topic and payload."""
    topic, _, payload = data.partition(b"\n")
    return topic.decode(), payload


def decode(topic: str, payload: bytes) -> None:
    """What either side does with a message before it believes it; raises ContractError."""
    _, what = parse(topic)
    if stream_of(what):
        found = decode_block(payload)
        assert found.physical().shape == (found.count, len(found.channels))
        assert 0 <= found.t0_ns <= found.end_ns
        assert decode_block(encode_block(found)).samples == found.samples
    elif what in JSON:
        message = decode_json(payload, type(JSON[what]))
        assert decode_json(encode_json(message), type(JSON[what])) == message


def _where_harmless(topic: str, payload: bytes) -> str:
    try:
        decode(topic, payload)
    except ContractError:
        return topic
    return OTHER.topic(parse(topic)[1])


def _no_health(_: int) -> Health:
    raise AssertionError("nobody is connected")


@contextmanager
def messages(_: Path) -> Iterator[MessageTrial]:
    yield MessageTrial()


@contextmanager
def service(folder: Path) -> Iterator[ServiceTrial]:
    trial = ServiceTrial(folder / "nights.sqlite")
    yield trial
    trial.finish()


@contextmanager
def replay(folder: Path) -> Iterator[ReplayTrial]:
    yield ReplayTrial(folder)
