"""Plays a recording into the broker as a collector would: status, blocks, answers to replay requests, end."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Literal

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from collector.contract.broker import BrokerSettings
from collector.contract.codec import decode_json, encode_block, encode_json
from collector.contract.errors import ContractError
from collector.contract.messages import NS, Ack, ReplayRequest, Status, StreamKind
from collector.contract.recording import Recording
from collector.contract.topics import Place, everywhere
from collector.mqtt_client import Trouble, mqtt_client, not_answered, refused, unreachable

BLOCK_S = 1.0
"""As the collector sends them."""
WINDOW = 200
"""Messages the broker has not acknowledged yet: enough to keep it busy, 0.5 MB of blocks at most."""
AHEAD_BLOCKS = 600
"""How far a detector that reports its progress may be behind: as installed, mosquitto drops what queues beyond 1000."""
PATIENCE_S = 15.0
"""How long a detector that reports its progress may report none: one that was killed is back after a few seconds, one
that judges at full speed tells of its progress several times a second."""
WAIT_S = 0.05
RECONNECT_S = 0.5

log = logging.getLogger(__name__)


class BrokerUnreachable(ContractError):
    """There is no broker, it does not let the player in, or does not take what it plays."""


class BlockCursor:
    """A place in a recording's blocks that can be moved back.

    `next_seq` is, for each stream, the first block that has never been passed.
    """

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self.next_seq: dict[StreamKind, int] = dict.fromkeys(recording.streams, 0)
        self._blocks = recording.blocks(BLOCK_S)
        self.block = next(self._blocks, None)

    def advance(self) -> None:
        """Pass the present block."""
        if self.block:
            seen = self.next_seq[self.block.stream]
            self.next_seq[self.block.stream] = max(seen, self.block.seq + 1)
            self.block = next(self._blocks, None)

    def rewind(self, from_seq: Mapping[StreamKind, int]) -> None:
        """Go over these streams again from these blocks on; the other streams go on where they were."""
        wanted = {kind: min(from_seq.get(kind, seq), seq) for kind, seq in self.next_seq.items()}
        self._blocks = (block for block in self._recording.blocks(BLOCK_S) if block.seq >= wanted[block.stream])
        self.block = next(self._blocks, None)


class Replayer:
    """Plays one recording at `speed` times its pace, or as fast as it is acknowledged when `speed` is None.

    After the end it stays to answer a detector that wants something again: until that has filed everything, or nobody
    has been heard of for `linger_s`; a detector that restarts is back within a few seconds. `progress` is told how many
    seconds of the recording have been sent. `now_ns` is the time of day.
    """

    def __init__(
        self,
        recording: Recording,
        place: Place,
        broker: BrokerSettings,
        speed: float | None = None,
        progress: Callable[[float], None] = lambda _: None,
        linger_s: float = 10.0,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._recording = recording
        self._place = place
        self._broker = broker
        self._where = f"MQTT broker at {broker.address}"
        self._speed = speed
        self._progress = progress
        self._linger_s = linger_s
        self._now_ns = now_ns
        self._cursor = BlockCursor(recording)
        self._filed: dict[StreamKind, int] | None = None  # what the detector has committed, while it tells
        self._held_back_since_s: float | None = None
        self._away = False  # told that the broker is
        self._settling_since_s = 0.0
        self._ended = False
        self._announced: Literal["online", "offline", "ended"] | None = None
        self._in_flight: dict[int, str] = {}  # message id -> its topic's last level
        self._denied: str | None = None  # what the broker did not take, in words
        self._refused: ReasonCode | None = None
        self._client = self._new_client()

    def run(self, stop: threading.Event | None = None) -> None:
        """Play to the end, or until `stop` is set.

        Raises BrokerUnreachable when the broker does not let it in, or does not take what is played.
        """
        stop = stop or threading.Event()
        self._connect()
        self._send_status("online")
        began_s = time.monotonic()
        while not stop.is_set() and not self._denied and not self._settled():
            while self._due(time.monotonic() - began_s):
                self._send_block()
            if self._cursor.block is None and not self._in_flight and not self._ended:
                self._ended = True
                self._send_status("ended")
            self._look_whether_held_back()
            self._serve()
        if not self._ended:
            self._send_status("offline")
        self._client.disconnect()
        if self._denied:
            raise BrokerUnreachable(self._denied)

    def _due(self, elapsed_s: float) -> bool:
        """Whether to send the present block now."""
        block = self._cursor.block
        if block is None or len(self._in_flight) >= WINDOW or not self._client.is_connected():
            return False
        if self._too_far_ahead():
            return False
        return self._speed is None or (block.end_ns - self._recording.start_ns) / NS <= elapsed_s * self._speed

    def _behind(self) -> int:
        """How many of the blocks sent the detector has not filed."""
        filed = self._filed or {}
        return sum(seq - filed.get(kind, 0) for kind, seq in self._cursor.next_seq.items())

    def _too_far_ahead(self) -> bool:
        return self._filed is not None and self._behind() >= AHEAD_BLOCKS

    def _look_whether_held_back(self) -> None:
        """Go on without a detector that has gone; what it told of its progress may have been retained for years."""
        now_s = time.monotonic()
        if self._cursor.block is None or not self._client.is_connected() or not self._too_far_ahead():
            self._held_back_since_s = None
        elif self._held_back_since_s is None:
            self._held_back_since_s = now_s
        elif now_s - self._held_back_since_s >= PATIENCE_S:
            says = "no detector has filed anything of this recording for %.0f s; playing on without it. Does it run?"
            log.warning(says, PATIENCE_S)
            self._filed = None

    def _settled(self) -> bool:
        """Whether the end has been announced and nobody will ask for anything again."""
        if not self._ended or self._in_flight or self._cursor.block:
            return False
        all_filed = self._filed is not None and self._behind() <= 0
        return all_filed or time.monotonic() - self._settling_since_s >= self._linger_s

    def _send_block(self) -> None:
        block = self._cursor.block
        assert block is not None
        self._publish(block.stream, encode_block(block))
        self._cursor.advance()
        self._progress((block.end_ns - self._recording.start_ns) / NS)

    def _send_status(self, state: Literal["online", "offline", "ended"]) -> None:
        self._announced = state
        self._settling_since_s = time.monotonic()
        last_seq = {kind: seq - 1 for kind, seq in self._cursor.next_seq.items() if seq} if state == "ended" else {}
        status = Status(state=state, t_ns=self._now_ns(), session=self._recording.session, last_seq=last_seq)
        self._publish("status", encode_json(status), retain=True)

    def _publish(self, what: str, payload: bytes, *, retain: bool = False) -> None:
        sent = self._client.publish(self._place.topic(what), payload, qos=1, retain=retain)
        self._in_flight[sent.mid] = what

    def _serve(self) -> None:
        """Handle what the network brings; come back when the connection was lost."""
        if self._client.loop(WAIT_S) == MQTTErrorCode.MQTT_ERR_SUCCESS:
            return
        if self._refused is not None:
            raise BrokerUnreachable(f"{self._where}: {refused(self._refused)}")
        time.sleep(RECONNECT_S)
        try:
            self._client.reconnect()
        except OSError as error:  # the next round tries again
            self._tell_away(unreachable(self._broker, error))

    def _tell_away(self, trouble: Trouble) -> None:
        if not self._away:
            self._away = True
            log.warning("%s: %s Trying again.", self._where, trouble)

    def _new_client(self) -> paho.Client:
        client = mqtt_client(self._broker)
        client.max_inflight_messages_set(WINDOW)
        gone = Status(
            state="offline", t_ns=self._now_ns(), session=self._recording.session, reason="the player vanished"
        )
        client.will_set(self._place.topic("status"), encode_json(gone), qos=1, retain=True)
        client.on_connect = self._on_connect
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        return client

    def _connect(self) -> None:
        try:
            self._client.connect(self._broker.host, self._broker.port, self._broker.keepalive_s)
        except OSError as error:
            raise BrokerUnreachable(f"{self._where}: {unreachable(self._broker, error)}") from error
        while not self._client.is_connected():
            outcome = self._client.loop(WAIT_S)
            if self._refused is not None:
                raise BrokerUnreachable(f"{self._where}: {refused(self._refused)}")
            if outcome != MQTTErrorCode.MQTT_ERR_SUCCESS:
                raise BrokerUnreachable(f"{self._where}: {not_answered(self._broker)}")

    def _on_connect(self, client: paho.Client, _: object, __: object, reason: ReasonCode, ___: object) -> None:
        if reason.is_failure:
            self._refused = reason
            return
        self._away = False
        client.subscribe([(self._place.topic(what), 1) for what in ("cmd/replay", "ack")])
        if self._announced:  # a broker that was killed may have forgotten it
            self._send_status(self._announced)

    def _on_message(self, _: paho.Client, __: object, message: paho.MQTTMessage) -> None:
        with suppress(ContractError):  # not for us, or broken: a request is repeated
            if message.topic == self._place.topic("ack"):
                self._note(decode_json(bytes(message.payload), Ack))
            else:
                self._replay(decode_json(bytes(message.payload), ReplayRequest))

    def _note(self, ack: Ack) -> None:
        if ack.session == self._recording.session and ack.next_seq != self._filed:
            self._filed = ack.next_seq
            self._held_back_since_s = None
            self._settling_since_s = time.monotonic()

    def _replay(self, request: ReplayRequest) -> None:
        if request.session == self._recording.session:
            self._cursor.rewind(request.from_seq)
            self._settling_since_s = time.monotonic()

    def _on_publish(self, _: paho.Client, __: object, mid: int, reason: ReasonCode, ___: object) -> None:
        what = self._in_flight.pop(mid, None)
        if what and reason.is_failure:
            who = f"user {self._broker.username}" if self._broker.username else "anonymous clients"
            cure = f"let {who} write to {everywhere(what)} in its access control list, and play it again"
            self._denied = f"{self._where}: it does not take {what} from us ({reason}); {cure}"
