"""A stack for each test: InfluxDB and the stand-in always run, the rest where a test wants it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.contract.broker import BrokerSettings
from tests.crampwatch.smoke.grafana import StandIn
from tests.crampwatch.smoke.stack import Stack, furnish, started, stopped
from tests.support.brokers import ShippedMosquitto
from tests.support.influx import InfluxServer, bucket, influx, influx_server

__all__ = ["bucket", "influx", "influx_server"]


@pytest.fixture
def grafana(influx: InfluxServer, bucket: str) -> Iterator[StandIn]:
    with StandIn(influx.url, bucket) as running:
        yield running


@pytest.fixture
def screen(influx: InfluxServer, bucket: str, tmp_path: Path, grafana: StandIn) -> Stack:
    """A stack without broker, detector and outbox."""
    return furnish(tmp_path, BrokerSettings(), influx, bucket, grafana)


@pytest.fixture
def stack(
    shipped_mosquitto: ShippedMosquitto, influx: InfluxServer, bucket: str, tmp_path: Path, grafana: StandIn
) -> Stack:
    """A stack without detector and outbox."""
    passwords = str(shipped_mosquitto.plan.passwords)
    broker = BrokerSettings(port=shipped_mosquitto.port, password_directory=passwords)
    return furnish(tmp_path, broker, influx, bucket, grafana)


@pytest.fixture
def detector(stack: Stack) -> Iterator[None]:
    """Its detector runs."""
    process = started(stack, "detect")
    yield
    stopped(process)


@pytest.fixture
def outbox(stack: Stack) -> Iterator[None]:
    """Its outbox runs."""
    process = started(stack, "outbox", "run")
    yield
    stopped(process)
