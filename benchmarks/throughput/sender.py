"""The wearers' side of the load: one MQTT connection each, from a process of its own so that its cost is told apart."""

import multiprocessing
import selectors
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import NamedTuple

import paho.mqtt.client as paho

from benchmarks.throughput.looped_legs import LoopedWearer
from collector.contract.broker import BrokerSettings
from collector.contract.codec import encode_block, encode_json
from collector.contract.messages import NS, Health, Status, StreamKind
from collector.mqtt_client import mqtt_client

HEALTH_EVERY = 10
"""Seconds, as the collector tells of itself."""
SETTLE_NS = 2 * NS
"""From when all are connected to the first sample."""
WINDOW = 200
"""Messages without acknowledgement when nothing is awaited but the broker: as the collector's publisher."""
SILENCE_S = 30.0
"""A broker that has nothing to say for this long while it owes acknowledgements has died."""


class Sending(NamedTuple):
    """A process that sends: its id, and the wearers whose blocks these are."""

    pid: int
    wearers: list[LoopedWearer]


@contextmanager
def sending(broker: BrokerSettings, wearers: int) -> Iterator[Sending]:
    """Let so many wearers send in real time until the block is left."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=send_live, args=(broker, wearers, there), daemon=True)
    process.start()
    there.close()
    try:
        begins_ns = here.recv()
        assert process.pid is not None
        yield Sending(process.pid, [LoopedWearer(k, wearers, begins_ns) for k in range(wearers)])
    finally:
        here.close()
        process.join()


def send_live(broker: BrokerSettings, wearers: int, parent: Connection) -> None:
    """Connect all, tell the parent when the first sample is taken, and send block after block until it hangs up."""
    clients = Clients(broker, wearers)
    begins_ns = time.time_ns() + SETTLE_NS
    parent.send(begins_ns)
    senders = [LoopedWearer(k, wearers, begins_ns) for k in range(wearers)]
    for wearer in senders:
        clients.tell(wearer, Status(state="online", t_ns=time.time_ns(), session=wearer.session))
    seq = 0
    while not parent.poll():
        for wearer in senders:
            clients.serve_until(wearer.due_ns(seq))
            clients.send(wearer, seq)
        seq += 1
    clients.close()


def send_backlog(broker: BrokerSettings, wearers: int, seconds: int, begins_ns: int) -> None:
    """Everything the wearers took in so many seconds, in the order of time and as fast as the broker takes it."""
    clients = Clients(broker, wearers)
    senders = [LoopedWearer(k, wearers, begins_ns) for k in range(wearers)]
    for seq in range(seconds):
        for wearer in senders:
            clients.send(wearer, seq)
        clients.serve_until_owed(WINDOW)
    for wearer in senders:
        last_seq = {block.stream: block.seq for block in wearer.blocks(seconds - 1)}
        clients.tell(wearer, Status(state="ended", t_ns=time.time_ns(), session=wearer.session, last_seq=last_seq))
    clients.serve_until_owed(0)
    clients.close()


class Clients:
    """One connection for each wearer, all served by one thread."""

    def __init__(self, broker: BrokerSettings, wearers: int) -> None:
        self._selector = selectors.DefaultSelector()
        self._owed = 0
        self._clients = [self._connected(broker, number) for number in range(wearers)]

    def send(self, wearer: LoopedWearer, seq: int) -> None:
        """Publish a second of blocks as the collector would, and now and then how the collector is."""
        for block in wearer.blocks(seq):
            self._publish(wearer, block.stream, encode_block(block))
        if seq % HEALTH_EVERY == 0:
            self._publish(wearer, "health", encode_json(_health(wearer)), qos=0)

    def tell(self, wearer: LoopedWearer, status: Status) -> None:
        """Publish a status."""
        self._publish(wearer, "status", encode_json(status), retain=True)

    def serve_until(self, due_ns: int) -> None:
        """Take in acknowledgements until it is this time."""
        while (left_ns := due_ns - time.time_ns()) > 0:
            self._serve(left_ns / NS)

    def serve_until_owed(self, most: int) -> None:
        """Take in acknowledgements until no more than so many are missing."""
        while self._owed > most:
            if not self._serve(SILENCE_S):
                raise TimeoutError(f"the broker still owes {self._owed} acknowledgements and says nothing")

    def close(self) -> None:
        """Disconnect all."""
        for client in self._clients:
            client.disconnect()

    def _publish(self, wearer: LoopedWearer, what: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        self._owed += 1  # paho tells of a message with QoS 0, too, once it is written
        self._clients[wearer.number].publish(wearer.place.topic(what), payload, qos, retain)

    def _serve(self, wait_s: float) -> bool:
        ready = self._selector.select(wait_s)
        for key, _ in ready:
            key.data.loop_read()
        return bool(ready)

    def _connected(self, broker: BrokerSettings, number: int) -> paho.Client:
        client = mqtt_client(broker, f"bench-{number}")
        client.on_publish = self._acknowledged
        client.max_inflight_messages_set(0)
        client.connect(broker.host, broker.port, broker.keepalive_s)
        _until_connected(client)
        socket = client.socket()
        assert socket is not None
        self._selector.register(socket, selectors.EVENT_READ, client)
        return client

    def _acknowledged(self, *_: object) -> None:
        self._owed -= 1


def _until_connected(client: paho.Client) -> None:
    deadline_s = time.monotonic() + SILENCE_S
    while not client.is_connected():
        client.loop(0.1)
        if time.monotonic() > deadline_s:
            raise TimeoutError("the broker does not let the wearers in")


def _health(wearer: LoopedWearer) -> Health:
    nothing: dict[StreamKind, int] = {}
    return Health(
        t_ns=time.time_ns(),
        session=wearer.session,
        links=(),
        samples=nothing,
        lost=nothing,
        fitted_ppm={},
        refused={},
        unpublished=0,
    )
