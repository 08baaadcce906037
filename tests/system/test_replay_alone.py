"""A recording played while nobody listens, or to a broker that turns against the player: it ends, and says why."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from collector.contract.codec import encode_json
from collector.contract.messages import Ack
from collector.mqtt_client import mqtt_client
from collector.replayer import BrokerUnreachable, Replayer
from tests.support.brokers import Mosquitto, ShippedMosquitto
from tests.support.signals import LEFT_CALF, SESSION
from tests.system.test_replay import PLAYED, broker_settings, until


def leave_retained(broker: Mosquitto, ack: Ack) -> None:
    client = mqtt_client(broker_settings(broker))
    client.connect(broker.host, broker.port)
    client.loop_start()
    client.publish(LEFT_CALF.topic("ack"), encode_json(ack), qos=1, retain=True).wait_for_publish(20)
    client.disconnect()
    client.loop_stop()


def test_a_detector_that_has_gone_does_not_hold_the_player_back_for_ever(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("collector.replayer.AHEAD_BLOCKS", 100)
    monkeypatch.setattr("collector.replayer.PATIENCE_S", 0.3)
    leave_retained(mosquitto, Ack(session=SESSION, next_seq={"emg": 10, "acc": 10}, t_ns=PLAYED.start_ns))
    told: list[float] = []
    Replayer(PLAYED, LEFT_CALF, broker_settings(mosquitto), progress=told.append, linger_s=0).run()
    assert told[-1] == pytest.approx((PLAYED.end_ns - PLAYED.start_ns) / 1e9, abs=1.0)
    assert caplog.text.count("playing on without it. Does it run?") == 1


def test_a_player_that_is_refused_when_it_comes_back_ends_with_the_reason(mosquitto: Mosquitto) -> None:
    player = Replayer(PLAYED, LEFT_CALF, broker_settings(mosquitto), speed=1.0)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(player.run)
        until(lambda: player._client.is_connected(), "the player")
        mosquitto.kill()
        mosquitto.admit("changed")
        mosquitto.start()
        with pytest.raises(BrokerUnreachable, match="check user and password"):
            running.result(20)


def test_a_broker_that_has_gone_is_told_once(mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture) -> None:
    player = Replayer(PLAYED, LEFT_CALF, broker_settings(mosquitto), speed=120.0, linger_s=0)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(player.run)
        until(lambda: player._client.is_connected(), "the player")
        mosquitto.kill()
        until(lambda: "is it running?" in caplog.text, "a word")
        time.sleep(1.2)  # more than two attempts
        mosquitto.start()
        running.result(20)
    assert caplog.text.count("is it running?") == 1


@pytest.mark.parametrize("kind", ["status", "emg"])
def test_a_player_that_is_denied_something_ends_with_the_rule_to_add(
    kind: str, shipped_mosquitto: ShippedMosquitto
) -> None:
    rules = shipped_mosquitto.rules
    shipped_mosquitto.allow(rules.replace(f"topic write crampwatch/v1/+/+/{kind}\n", ""))
    broker = shipped_mosquitto.access("collector")
    says = rf"does not take {kind} from us .*; let user collector write to crampwatch/v1/\+/\+/{kind} in its access"
    with pytest.raises(BrokerUnreachable, match=says):
        Replayer(PLAYED, LEFT_CALF, broker, linger_s=0).run()
