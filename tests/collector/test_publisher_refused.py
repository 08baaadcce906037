"""A collector whom the broker does not let in, or denies something, or who is not the only one of his name."""

import time
from pathlib import Path

import pytest

from collector.contract.broker import BadAccess, BrokerSettings
from collector.publisher import Publisher
from tests.collector.publishing import (
    LEFT_CALF,
    SESSION,
    ViewersEars,
    health,
    journal_of,
    listening,
    publishing,
    until,
)
from tests.support.brokers import BrokerOfAnother, Mosquitto, RunningBroker, ShippedMosquitto


def test_without_a_broker_a_stop_does_not_wait_for_long_and_the_journal_keeps_all(tmp_path: Path) -> None:
    publisher = Publisher(LEFT_CALF, BrokerSettings(port=1), tmp_path, health, 10)
    with journal_of(tmp_path, 5) as journal:
        publisher.publish(tmp_path / f"{SESSION}.journal")
        publisher.start()
        publisher.stop()
        assert (journal.published, journal.last_row) == (0, 5)


def test_what_the_broker_denies_stays_unpublished_and_the_log_says_why(
    mosquitto_that_denies: RunningBroker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with listening(mosquitto_that_denies) as listener, journal_of(tmp_path, 5) as journal:
        with publishing(mosquitto_that_denies, tmp_path, tmp_path / f"{SESSION}.journal"):
            until(lambda: "access control list" in caplog.text)
            until(lambda: bool(listener.statuses))
        assert (journal.published, listener.blocks) == (0, [])


@pytest.mark.parametrize("kind", ["emg", "status"])
def test_what_was_denied_is_published_once_it_is_allowed(
    kind: str,
    shipped_mosquitto: ShippedMosquitto,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("collector.publisher.DENIED_PAUSE_S", 0.2)
    rules = shipped_mosquitto.rules
    shipped_mosquitto.allow(rules.replace(f"topic write crampwatch/v1/+/+/{kind}\n", ""))
    heard = ViewersEars(shipped_mosquitto.access("viewer"))
    publisher = Publisher(LEFT_CALF, shipped_mosquitto.access("collector"), tmp_path, health, 10)
    with journal_of(tmp_path, 5) as journal:
        publisher.publish(tmp_path / f"{SESSION}.journal")
        publisher.start()
        until(lambda: f"denies us {kind}" in caplog.text)
        assert kind not in heard.kinds()
        shipped_mosquitto.allow(rules)
        until(lambda: kind in heard.kinds() and journal.published == journal.last_row)
    publisher.stop()
    heard.close()
    assert caplog.text.count(f"denies us {kind}") == 1
    assert f"takes {kind} again" in caplog.text


def test_a_wrong_password_is_told_and_tried_again_until_it_is_right(
    mosquitto: Mosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    guessing = BrokerSettings(port=mosquitto.port, username=mosquitto.username, password="guessed")
    with journal_of(tmp_path, 5) as journal:
        publisher = Publisher(LEFT_CALF, guessing, tmp_path, health, 10)
        publisher.publish(tmp_path / f"{SESSION}.journal")
        publisher.start()
        until(lambda: "check user and password" in caplog.text)
        mosquitto.admit("guessed")
        until(lambda: journal.published == journal.last_row)
        publisher.stop()


def test_two_collectors_for_one_place_say_so(
    mosquitto: RunningBroker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with publishing(mosquitto, tmp_path), publishing(mosquitto, tmp_path):
        until(lambda: caplog.text.count("do two programs run as crampwatch-collector-w1-left_calf?") >= 2)


def test_a_collector_that_is_told_to_have_been_taken_over_does_not_come_back_at_once(
    broker_of_another: BrokerOfAnother, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    publisher = Publisher(LEFT_CALF, broker_of_another.settings, tmp_path, health, 10)
    publisher.start()
    until(lambda: "another client took our session over" in caplog.text)
    time.sleep(1)  # four times the shortest wait
    publisher.stop()
    assert broker_of_another.visits == 1


def test_a_collector_that_was_taken_over_comes_back_after_a_while(
    broker_of_another: BrokerOfAnother, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.mqtt_client.TAKEN_OVER_S", 0.1)
    monkeypatch.setattr("collector.publisher.GIVE_UP_S", 0.2)
    publisher = Publisher(LEFT_CALF, broker_of_another.settings, tmp_path, health, 10)
    publisher.start()
    until(lambda: broker_of_another.visits >= 2)
    publisher.stop()


def test_a_password_that_cannot_be_read_is_told_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(BadAccess, match=r"password file .*gone cannot be read"):
        Publisher(LEFT_CALF, BrokerSettings(username="u", password_file=str(tmp_path / "gone")), tmp_path, health, 10)
