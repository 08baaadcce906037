"""A way from broker to broker on which messages are repeated, swapped, torn, garbled, dropped, and sent again later.

The collector publishes to one broker, the detector listens to another, and between them is this. What the detector
says goes back unharmed.
"""

import random
from collections import Counter, deque

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from collector.contract.messages import STREAMS
from collector.contract.topics import everywhere
from tests.support.brokers import RunningBroker

FATES = {"repeated": 0.10, "held back": 0.10, "garbled": 0.03, "dropped": 0.02, "replayed": 0.05}
"""The share of blocks to which each happens: more than on the worst of networks, so that every combination occurs."""
HELD_UP_TO = 300
"""Blocks after which one that was held back is sent: beyond any window of QoS 1."""
REMEMBERED = 20_000
"""Blocks of which one is sent again: hours."""
RETAINED = ("status", "fault")
THERE = (*STREAMS, *RETAINED, "health")
BACK = ("ack", "cmd/replay", "event", "watch")

Block = tuple[str, bytes]


class Mangler:
    """Carries messages between two brokers while it runs; counts what it did to them."""

    def __init__(self, collectors: RunningBroker, detectors: RunningBroker, seed: int) -> None:
        self._chance = random.Random(seed)
        self._past: deque[Block] = deque(maxlen=REMEMBERED)
        self._held: list[tuple[int, Block]] = []  # due after so many blocks
        self._count = 0
        self._fates = {
            "sent": self._send,
            "repeated": self._repeat,
            "held back": self._hold,
            "garbled": self._garble,
            "dropped": lambda _: None,
            "replayed": self._replay,
        }
        self.done: Counter[str] = Counter()
        self._there, self._back = _client(detectors), _client(collectors)
        self._back.on_message = self._carry_there
        self._there.on_message = self._carry_back
        self._ends = ((self._back, collectors, THERE), (self._there, detectors, BACK))

    def __enter__(self) -> "Mangler":
        for client, broker, carried in self._ends:
            client.connect(broker.host, broker.port)
            client.subscribe([(everywhere(what), 1) for what in carried])
            client.loop_start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        for client, _, _ in self._ends:
            client.disconnect()
            client.loop_stop()

    def _carry_back(self, _: paho.Client, __: object, message: paho.MQTTMessage) -> None:
        self._back.publish(message.topic, message.payload, 1, message.retain)

    def _carry_there(self, _: paho.Client, __: object, message: paho.MQTTMessage) -> None:
        what = message.topic.rsplit("/", 1)[-1]
        if what in STREAMS:
            self._mangle((message.topic, bytes(message.payload)))
        else:
            self._there.publish(message.topic, message.payload, 1, retain=what in RETAINED)

    def _mangle(self, block: Block) -> None:
        self._count += 1
        self._past.append(block)
        fate = self._chance.choices([*FATES, "sent"], [*FATES.values(), 1 - sum(FATES.values())])[0]
        self.done[fate] += 1
        self._fates[fate](block)
        for due, held in [entry for entry in self._held if entry[0] <= self._count]:
            self._held.remove((due, held))
            self._send(held)

    def _send(self, block: Block) -> None:
        self._there.publish(*block, qos=1)

    def _garble(self, block: Block) -> None:
        topic, payload = block
        at = self._chance.randrange(len(payload))
        torn = self._chance.random() < 0.5
        changed = bytes([payload[at] ^ (1 << self._chance.randrange(8))])
        self._send((topic, payload[:at] if torn else payload[:at] + changed + payload[at + 1 :]))

    def _hold(self, block: Block) -> None:
        self._held.append((self._count + self._chance.randint(1, HELD_UP_TO), block))

    def _repeat(self, block: Block) -> None:
        for _ in range(self._chance.randint(2, 4)):
            self._send(block)

    def _replay(self, block: Block) -> None:
        self._send(block)
        self._send(self._chance.choice(self._past))


def _client(broker: RunningBroker) -> paho.Client:
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    client.username_pw_set(broker.username, broker.password)
    client.max_inflight_messages_set(200)
    return client
