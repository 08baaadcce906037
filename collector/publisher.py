"""Journals to MQTT, in a thread of its own: what is journalled reaches the broker, however often either restarts."""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from collector.contract.broker import BrokerSettings
from collector.contract.codec import decode_json, encode_json
from collector.contract.errors import ContractError
from collector.contract.messages import Buzz, Fault, Faults, Health, ReplayRequest, SessionId, Status, StreamKind
from collector.contract.topics import Place, parse
from collector.feed_queue import Episode, FeedQueue
from collector.journal_feed import JournalFeed, Unreadable
from collector.mqtt_client import Attempts, Denials, Repeats, mqtt_client

log = logging.getLogger(__name__)

WINDOW = 200
"""Messages without acknowledgement: drains a backlog at thousands of messages a second, 12 MB of blocks at the most."""
WAIT_S = 0.05
"""How long the network is waited for in one go, and how late a new row may be noticed."""
SAVE_EVERY_S = 1.0
"""How often the cursor is written: what a crash makes us send twice, the detector recognises."""
RECONNECT_S = (0.25, 30.0)
"""The first and the longest pause between attempts to reach the broker; doubled from one to the other."""
DENIED_PAUSE_S = 5.0
"""After the broker has denied a publish: its permissions change only by hand."""
GIVE_UP_S = 10.0
"""A stop waits as long as acknowledgements come, and this long for the next one; not at all where the broker is
away or denies us. What is left is published after the next start."""


class PublisherStopped(Exception):
    """What is recorded is not published any more; the collector has to be started again."""


class Publisher:
    """Publishes journals one after the other, each from where it was acknowledged; obeys `cmd/replay` and `cmd/buzz`.

    The one that `publish` was called for last is stayed with while it grows; the others are left as soon as nothing of
    them is unpublished. One that cannot be read is left out.

    `health` is asked for every `health_every_s`, in the publisher's thread, with the number of rows not yet published.
    `faults` is asked for all the time; what it says is published when it says something else. `buzz` is called in
    the publisher's thread, too. Raises BadAccess when a file needed to enter the broker is no good.
    """

    def __init__(
        self,
        place: Place,
        broker: BrokerSettings,
        directory: Path,
        health: Callable[[int], Health],
        health_every_s: float,
        faults: Callable[[], tuple[Fault, ...]] = tuple,
        buzz: Callable[[Buzz], None] = lambda _: None,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._place = place
        self._broker = broker
        self._health = health
        self._health_every_s = health_every_s
        self._faults = faults
        self._buzz = buzz
        self._now_ns = now_ns
        self._feeds = FeedQueue(directory)
        self._reading = Episode("The journal cannot be read", "The journal can be read again")
        self._rows: dict[int, tuple[JournalFeed, int, StreamKind]] = {}  # message id -> what it carries
        self._notices: dict[int, str] = {}  # message id -> its kind, where it carries no row
        self._repeats = Repeats(DENIED_PAUSE_S)
        self._denials = Denials(broker, log)
        self._client_id = f"crampwatch-collector-{place.wearer}-{place.site}"
        self._attempts = Attempts(broker, self._client_id, log, RECONNECT_S)
        self._window = WINDOW
        self._paused_until_s = 0.0
        self._unreachable = False
        self._announced: SessionId | None = None
        self._ended: Status | None = None  # what was said of the last session that was published completely
        self._told: list[tuple[str, ...]] | None = None  # the faults the broker knows of
        self._progress_s = 0.0
        self._connect_due_s = self._save_due_s = self._health_due_s = 0.0
        self._stopping = threading.Event()
        self._client = self._new_client()
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)

    def start(self) -> None:
        """Begin to publish."""
        self._thread.start()

    def publish(self, path: Path) -> None:
        """Publish this journal, after the others that still have something to publish. To be called from any thread.

        A journal left before its session ended has to be named again once it has ended.
        """
        self._feeds.add(path)

    def check(self, session: SessionId | None) -> None:
        """Raises PublisherStopped when nothing is published any more, or not this session. From any thread."""
        if not self._thread.is_alive():
            raise PublisherStopped("Nothing is published any more; what ended it is told above")
        if session in self._feeds.unreadable:
            raise PublisherStopped(f"The journal of session {session}, which is being recorded, cannot be read")

    def stop(self) -> None:
        """Publish what can still be published, say goodbye, and wait for that."""
        self._progress_s = time.monotonic()
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._finished():
                pass
            self._leave()
        except Exception:  # whatever it was: the collector, which asks by `check`, is started again
            log.exception("Publishing has ended")
        finally:
            self._feeds.close()

    def _finished(self) -> bool:
        """Do what is to be done now; whether that was all. No journal keeps the others or the network from it."""
        try:
            if self._stopping.is_set() and self._settled():
                return True
            self._step()
            self._reading.note("")
        except Unreadable as unreadable:
            self._feeds.leave_out(unreadable)
        except sqlite3.Error as error:
            # A lock held too long: nothing is lost by trying again.
            self._reading.note(str(error))
            self._serve_network()
        return False

    def _step(self) -> None:
        self._feeds.take_new()
        self._retire()
        self._announce()
        self._repeat_notices()
        self._fill_window()
        self._report()
        self._tell_faults(self._faults())
        self._serve_network()

    def _settled(self) -> bool:
        """Whether nothing is left to publish, or nobody takes it."""
        now_s = time.monotonic()
        away = self._unreachable or self._connect_due_s - now_s > GIVE_UP_S
        if away or self._denials or now_s - self._progress_s > GIVE_UP_S:
            return True
        return not self._rows and not self._notices and self._feeds.settled

    def _retire(self) -> None:
        """Announce the end of a session whose rows the broker has, and go on to the next.

        From one that was left open, too: nobody may ever write to it again, and the next would wait for ever.
        """
        feed = self._feeds.first
        if feed is None or not self._attempts.entered:
            return
        ended = feed.ended  # asked first: it may be given its last rows and its end meanwhile
        if (ended or len(self._feeds) > 1) and feed.drained:
            if ended:
                self._send_status("ended", feed)
                self._announced = feed.session  # the next one is news again, whatever was announced before
            self._feeds.drop_first()

    def _announce(self) -> None:
        """Say that we are there and which session this is, when either is news; or once more how the last one ended,
        to a broker that may have forgotten it."""
        if not self._attempts.entered:
            return
        feed = self._feeds.first
        if feed and feed.session != self._announced:
            self._send_status("online", feed)
            self._announced = feed.session
        elif not feed and self._ended and self._announced is None:
            self._send_notice("status", encode_json(self._ended))
            self._announced = self._ended.session

    def _repeat_notices(self) -> None:
        if self._attempts.entered and self._repeats.due():
            for what, payload in self._repeats.denied():
                self._send_notice(what, payload)

    def _fill_window(self) -> None:
        feed, room = self._feeds.first, self._window - len(self._rows)
        if feed is None or not self._attempts.entered or room <= 0 or time.monotonic() < self._paused_until_s:
            return
        for entry in feed.take(room):
            sent = self._send(entry.stream, entry.payload, "application/x-msgpack")
            self._rows[sent] = (feed, entry.row, entry.stream)

    def _report(self) -> None:
        now_s = time.monotonic()
        if now_s >= self._save_due_s:
            self._save_due_s = now_s + SAVE_EVERY_S
            self._feeds.save()
        if self._attempts.entered and now_s >= self._health_due_s:
            self._health_due_s = now_s + self._health_every_s
            health = self._health(self._feeds.unpublished)
            self._client.publish(
                self._place.topic("health"), encode_json(health), properties=self._properties("application/json")
            )

    def _tell_faults(self, faults: tuple[Fault, ...]) -> None:
        said = [(fault.device, fault.cause, *fault.streams) for fault in faults]
        if self._attempts.entered and said != self._told:
            self._told = said
            message = Faults(t_ns=self._now_ns(), faults=faults)
            self._send_notice("fault", encode_json(message))

    def _serve_network(self) -> None:
        """Let paho read and write for a moment; connect when there is no connection."""
        if self._client.loop(WAIT_S) == MQTTErrorCode.MQTT_ERR_SUCCESS:
            return
        if time.monotonic() < self._connect_due_s:
            # Not Event.wait: while stopping it would return at once and spin.
            time.sleep(WAIT_S)
            return
        try:
            self._client.connect(self._broker.host, self._broker.port, self._broker.keepalive_s)
            self._unreachable = False
        except OSError as error:
            self._attempts.unreachable(error)
            self._connect_due_s = time.monotonic() + self._attempts.next_s()
            self._unreachable = True

    def _leave(self) -> None:
        """Write down how far we came and disconnect; a session that goes on later is announced as offline."""
        self._tell_faults(())
        if self._attempts.entered and (feed := self._feeds.first):
            self._send_status("offline", feed)
        self._progress_s = time.monotonic()
        while self._attempts.entered and self._notices and time.monotonic() - self._progress_s < GIVE_UP_S:
            self._client.loop(WAIT_S)
        self._client.disconnect()

    def _send_status(self, state: Literal["online", "offline", "ended"], feed: JournalFeed) -> None:
        last_seq = feed.last_seq() if state == "ended" else {}
        reason = "stopped" if state == "offline" else ""
        status = Status(state=state, t_ns=self._now_ns(), session=feed.session, last_seq=last_seq, reason=reason)
        self._ended = status if state == "ended" else self._ended
        self._send_notice("status", encode_json(status))

    def _send_notice(self, what: str, payload: bytes) -> None:
        sent = self._send(what, payload, "application/json", retain=True)
        self._notices[sent] = what
        self._repeats.said(what, payload)

    def _send(self, what: str, payload: bytes, content_type: str, *, retain: bool = False) -> int:
        properties = self._properties(content_type)
        return self._client.publish(self._place.topic(what), payload, 1, retain, properties).mid

    def _properties(self, content_type: str) -> Properties | None:
        if self._broker.protocol != "5":
            return None
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho annotates it in part
        properties.ContentType = content_type
        return properties

    def _new_client(self) -> paho.Client:
        client = mqtt_client(self._broker, self._client_id)
        client.max_inflight_messages_set(WINDOW)
        vanished = Status(state="offline", t_ns=self._now_ns(), reason="the collector vanished")
        client.will_set(self._place.topic("status"), encode_json(vanished), qos=1, retain=True)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        return client

    def _on_connect(self, client: paho.Client, _: object, __: object, reason: ReasonCode, properties: Any) -> None:
        if not self._attempts.answered(reason):
            return
        # A broker that speaks MQTT 5 may want fewer messages in flight.
        self._window = min(WINDOW, getattr(properties, "ReceiveMaximum", WINDOW))
        self._announced = self._told = None
        client.subscribe([(self._place.topic(what), 1) for what in ("cmd/replay", "cmd/buzz")])

    def _on_disconnect(self, _: paho.Client, __: object, ___: object, reason: ReasonCode, ____: object) -> None:
        self._attempts.ended(reason)
        self._connect_due_s = time.monotonic() + self._attempts.next_s()

    def _on_publish(self, _: paho.Client, __: object, mid: int, reason: ReasonCode, ___: object) -> None:
        what: str | None
        if what := self._notices.pop(mid, None):
            self._repeats.answered(what, reason)
        elif row := self._rows.pop(mid, None):
            feed, number, what = row
            if reason.is_failure:
                feed.refuse(number)
            else:
                feed.acknowledge(number)
                self._progress_s = time.monotonic()
        else:
            return  # health, of which there will be more
        if reason.is_failure:
            self._paused_until_s = time.monotonic() + DENIED_PAUSE_S
        self._denials.note(what, reason)

    def _on_message(self, _: paho.Client, __: object, message: paho.MQTTMessage) -> None:
        what = parse(message.topic)[1]
        try:
            if what == "cmd/buzz":
                self._buzz(decode_json(bytes(message.payload), Buzz))
            else:
                self._replay(decode_json(bytes(message.payload), ReplayRequest))
        except ContractError as error:
            log.warning("A message on %s was refused: %s", what, error)

    def _replay(self, request: ReplayRequest) -> None:
        try:
            self._feeds.rewind(request)
        except Unreadable as unreadable:
            self._feeds.leave_out(unreadable)
        except sqlite3.Error as error:
            log.warning("A replay of %s cannot be begun now: %s", request.session, error)  # it is asked for again
