"""A short choice of `make faults`: harmed in one way or another, the night that was played is the same to the bit."""

import pytest

from tests.faults.catalogue import CATALOGUE, Trial
from tests.faults.grounds import Grounds
from tests.support.brokers import MISSING as NO_MOSQUITTO
from tests.support.brokers import MOSQUITTO
from tests.support.influx import InfluxServer

HOURS = 0.1
TIMES = 2
CHOSEN = (
    "SIGKILL of the collector",
    "SIGKILL of the detector",
    "SIGKILL of the broker (mosquitto)",
    "InfluxDB answers 400 on single points",
    "Messages repeated, swapped, garbled, dropped, replayed",
)


def trial(name: str) -> Trial:
    return next(trial for trial in CATALOGUE if trial.name == name)


@pytest.fixture(scope="module")
def grounds(influx_server: InfluxServer, tmp_path_factory: pytest.TempPathFactory) -> Grounds:
    if MOSQUITTO is None:
        pytest.skip(NO_MOSQUITTO)
    return Grounds(tmp_path_factory.mktemp("faults"), influx_server, HOURS)


@pytest.mark.parametrize("name", CHOSEN)
def test_after_it_nothing_is_lost_and_nothing_has_happened_twice(name: str, grounds: Grounds) -> None:
    chosen = trial(name)
    short = chosen._replace(times=min(chosen.times, TIMES))
    result = short.run(short, grounds)
    assert result.injections >= short.times
    assert result.difference.nothing, result.in_words
