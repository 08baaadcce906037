"""What the alarm learns of its own troubles from what the processes beside it note in their files."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from collector.contract.messages import NS
from crampwatch.bedside import noted_troubles
from crampwatch.config import Config
from detector.bedside.push_queue import PushQueue
from detector.bedside.push_settings import PushSettings, PushTarget
from detector.sinks.outbox_state import OutboxState

PHONE, PARTNER = PushTarget(name="phone"), PushTarget(name="partner", audience="second")
HOUR_NS = 3600 * NS


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(data_directory=str(tmp_path), alerts=PushSettings(targets=[PHONE, PARTNER]))


@pytest.fixture
def queue(config: Config) -> Iterator[PushQueue]:
    with closing(PushQueue(config.push_queue)) as queue:
        yield queue


def phones(config: Config) -> str | None:
    """What is known of the phones at the first look."""
    return noted_troubles(config)["phones"]()


def at_work(queue: PushQueue, *names: str) -> None:
    for name in names:
        queue.enrol(name, 0)
        queue.note_life(name, time.time_ns())


def test_while_somebody_is_at_work_for_each_of_them_and_reaches_them_nothing_is_wrong(
    config: Config, queue: PushQueue
) -> None:
    at_work(queue, "phone", "partner")
    assert phones(config) is None


def test_a_phone_that_is_not_reached_is_named_with_the_reason(config: Config, queue: PushQueue) -> None:
    at_work(queue, "phone", "partner")
    queue.note_trouble("partner", time.time_ns(), "it is in a tunnel")
    assert phones(config) == "partner: it is in a tunnel"


def test_before_anybody_was_to_be_told_anything_it_is_known_that_no_push_process_runs(
    config: Config, queue: PushQueue
) -> None:
    told = "phone: no `crampwatch push` is at work for it; partner: no `crampwatch push` is at work for it"
    assert phones(config) == told
    at_work(queue, "phone", "partner")
    for name in ("phone", "partner"):
        queue.note_life(name, time.time_ns() - HOUR_NS)
    assert phones(config) == told


def test_a_target_the_push_process_does_not_know_of_yet_is_told_nothing(config: Config, queue: PushQueue) -> None:
    at_work(queue, "phone")
    assert phones(config) == "partner: no `crampwatch push` is at work for it"


def test_a_target_that_is_no_longer_in_the_settings_is_no_trouble(config: Config, queue: PushQueue) -> None:
    at_work(queue, "phone", "partner")
    queue.enrol("sold", 0)
    queue.note_trouble("sold", time.time_ns(), "it is in a tunnel")
    assert phones(config) is None


def test_who_has_named_no_phone_misses_none(tmp_path: Path) -> None:
    assert set(noted_troubles(Config(data_directory=str(tmp_path)))) == {"database"}


def test_a_queue_that_is_not_there_or_damaged_is_no_matter_of_the_phones(config: Config) -> None:
    assert phones(config) is None
    config.push_queue.write_bytes(b"no database, but something else" * 1000)
    assert phones(config) is None


def test_what_keeps_the_nights_from_their_database_is_what_the_outbox_notes(config: Config) -> None:
    look = noted_troubles(config)["database"]
    assert look() is None
    with closing(OutboxState(config.outbox, "influx", "store")) as outbox:
        outbox.note_trouble(time.time_ns(), "no connection")
        assert look() is None  # it looks every few seconds
        assert noted_troubles(config)["database"]() == "no connection"
