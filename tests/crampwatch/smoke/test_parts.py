"""What is said of broker, collector, detector, outbox and InfluxDB."""

import msgspec
import pytest

from collector.contract.broker import BrokerSettings
from collector.contract.codec import encode_json
from collector.contract.messages import NS, Ack, Status
from collector.contract.topics import Place
from collector.embedded_broker import free_port
from collector.mqtt_client import mqtt_client
from crampwatch.cli import build
from crampwatch.influx import opened
from crampwatch.smoke import parts
from crampwatch.smoke.ear import Ear
from detector.sight import Seen
from detector.store import NightStore
from tests.crampwatch.smoke.stack import DAYS_AGO, Stack, of, problems
from tests.dashboards.home import LAST
from tests.support.brokers import Mosquitto, ShippedMosquitto

W1 = Place("w1", "left_calf")
NOW_NS = LAST.end_ns
LATE_S = 120.0


def retained(broker: BrokerSettings, messages: dict[str, msgspec.Struct]) -> None:
    client = mqtt_client(broker)
    client.connect(broker.host, broker.port)
    client.loop_start()
    for what, message in messages.items():
        client.publish(W1.topic(what), encode_json(message), qos=1, retain=True).wait_for_publish(5)
    client.disconnect()
    client.loop_stop()


def status(state: str, seconds_ago: float, reason: str = "") -> dict[str, msgspec.Struct]:
    return {"status": Status(state=state, t_ns=NOW_NS - round(seconds_ago * NS), session="s", reason=reason)}  # type: ignore[arg-type]


def ack(seconds_ago: float) -> dict[str, msgspec.Struct]:
    seen = Seen(state="WATCHING", since_ns=NOW_NS - 7200 * NS, text="")
    return {"watch": seen, "ack": Ack(session="s", next_seq={"emg": 9}, t_ns=NOW_NS - round(seconds_ago * NS))}


def said(broker: ShippedMosquitto, messages: dict[str, msgspec.Struct]) -> list[tuple[str, str]]:
    by = {"status": "collector", "watch": "detector", "ack": "detector"}
    for what, message in messages.items():
        retained(broker.access(by[what]), {what: message})  # type: ignore[arg-type]
    with Ear(broker.access("viewer")) as ear:
        found = [*parts.collectors(ear, [W1], NOW_NS), *parts.detector(ear, [W1], LATE_S, NOW_NS)]
    return [(finding.state, finding.says) for finding in found]


def test_of_a_night_that_is_watched_it_tells_how_fresh_the_last_word_is(shipped_mosquitto: ShippedMosquitto) -> None:
    assert said(shipped_mosquitto, status("online", 7230) | ack(5)) == [
        ("ok", "online, said 2 h 00 min ago"),
        ("ok", "WATCHING for 2 h 00 min; last filed something 5 s ago"),
    ]


def test_a_detector_that_is_silent_while_the_collector_is_there_is_a_problem(
    shipped_mosquitto: ShippedMosquitto,
) -> None:
    assert said(shipped_mosquitto, status("online", 7230) | ack(121))[1] == (
        "problem",
        "no word for 2 min 1 s while the collector is there",
    )


def test_a_detector_that_is_silent_by_day_is_none(shipped_mosquitto: ShippedMosquitto) -> None:
    assert [state for state, _ in said(shipped_mosquitto, status("ended", 36_000) | ack(36_000))] == ["ok", "ok"]


def test_a_collector_that_vanished_is_told_with_what_the_broker_left_of_it(shipped_mosquitto: ShippedMosquitto) -> None:
    told = said(shipped_mosquitto, status("offline", 60, "the collector vanished"))
    assert told[0] == ("ok", "offline (the collector vanished), said 1 min 0 s ago")
    assert told[1] == ("not asked", "has said nothing yet")


def test_a_user_whose_password_is_wrong_is_told_by_name(shipped_mosquitto: ShippedMosquitto) -> None:
    (shipped_mosquitto.plan.passwords / "home").write_text("another\n")
    passwords = str(shipped_mosquitto.plan.passwords)
    found = parts.broker(BrokerSettings(port=shipped_mosquitto.port, password_directory=passwords), [W1])
    assert [finding.says for finding in found if finding.state == "problem"] == ["home: it refuses us (Not authorized)"]


def test_a_user_who_was_never_set_up_is_not_asked_for_but_the_viewer_is_needed(
    shipped_mosquitto: ShippedMosquitto,
) -> None:
    for role in ("home", "viewer"):
        (shipped_mosquitto.plan.passwords / role).unlink()
    passwords = str(shipped_mosquitto.plan.passwords)
    found = parts.broker(BrokerSettings(port=shipped_mosquitto.port, password_directory=passwords), [W1])
    (told,) = [finding.says for finding in found if finding.state == "problem"]
    assert told == "viewer: the password file cannot be read (No such file or directory)"


def test_with_one_user_for_all_nobody_else_is_asked_for(mosquitto: Mosquitto) -> None:
    settings = BrokerSettings(port=mosquitto.port, username=mosquitto.username, password=mosquitto.password)
    assert [finding.state for finding in parts.broker(settings, [W1])] == ["ok", "ok"]


def test_without_a_broker_that_is_told_once_and_the_rest_is_asked_all_the_same(screen: Stack) -> None:
    away = msgspec.structs.replace(screen.config, broker=BrokerSettings(port=free_port(), username="u", password="p"))
    found = screen.smoke(away, days_ago=DAYS_AGO)
    assert problems(found) == ["broker"]
    assert [finding.state for finding in of(found, "panels")] == ["ok"]
    assert of(found, "test event")[0].says == "cannot be sent: see above about the broker"


def test_without_the_event_it_says_so_and_what_is_broken_makes_the_exit_code_one(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    grafana = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(SystemExit) as ended:
        build()(["smoke", "--no-event", "--config", str(stack.settings), "--grafana", grafana])
    assert ended.value.code == 1
    shown = capsys.readouterr().out
    assert "not asked  test event (zz-smoke-test left_calf): not sent, as you wished" in shown
    assert f"problem    Grafana ({grafana}): it cannot be reached (Connection refused)" in shown


@pytest.fixture
def filed(screen: Stack) -> Stack:
    """A night is in the store, and not sent."""
    screen.config.store.parent.mkdir()
    with NightStore(screen.config.store) as store:
        LAST.file(store)
    return screen


def test_the_outbox_tells_how_much_is_still_to_be_sent(filed: Stack) -> None:
    told = parts.outbox(filed.config)
    assert (told.state, told.says) == ("ok", "480 minutes of the nights still to be sent")  # eight hours


def test_what_keeps_the_outbox_from_sending_is_a_problem(filed: Stack) -> None:
    with opened(filed.config) as (_, state):
        state.note_trouble(NOW_NS, "401 the token is not accepted")
    told = parts.outbox(filed.config)
    assert (told.state, told.says) == ("problem", "sends nothing since 2026-10-31 06:30: 401 the token is not accepted")


def test_an_influxdb_that_does_not_answer_is_told_once(screen: Stack) -> None:
    assert screen.config.influx is not None
    (told,) = parts.influxdb(screen.config.influx, f"http://127.0.0.1:{free_port()}")
    assert (told.state, told.says) == ("problem", "does not answer (Connection refused)")


def test_an_influxdb_that_answers_tells_its_version_and_whether_the_outbox_may_write(screen: Stack) -> None:
    assert screen.config.influx is not None
    answers, takes = parts.influxdb(screen.config.influx, screen.influx.url)
    assert (answers.state, answers.says[:13], takes.says) == ("ok", "answers, 1.6.", "takes what is written")
    wrong = msgspec.structs.replace(screen.config.influx, token="wrong")
    assert "not accepted" in parts.influxdb(wrong, None)[1].says
