"""A detector as it is shipped, `crampwatch detect` in a process of its own, behind a real mosquitto."""

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from collector.contract.broker import BrokerSettings
from collector.contract.codec import encode_json
from collector.contract.messages import Status
from collector.contract.topics import Place
from collector.mqtt_client import mqtt_client
from crampwatch.config import Config, Detection, Sensor, dump
from crampwatch.processes import STOP_S
from detector.sinks.settings import InfluxSettings
from tests.support.brokers import Mosquitto

ROOT = Path(__file__).parents[2]
NOBODY = Place("nobody", "left_calf")
ANSWER_S = 0.2
START_S = 60.0
"""A detector that has not answered after so long will not: it starts in two seconds."""


class Site(NamedTuple):
    """A folder with the settings, and the broker that they name."""

    folder: Path
    config: Config
    broker: BrokerSettings

    @property
    def settings(self) -> Path:
        """The settings file."""
        return self.folder / "crampwatch.toml"


@contextmanager
def site(sensors: Sequence[Sensor], detection: Detection, influx: InfluxSettings | None = None) -> Iterator[Site]:
    """A running mosquitto, and settings for these sensors, in a folder that is deleted afterwards."""
    with tempfile.TemporaryDirectory() as temporary:
        mosquitto = Mosquitto(Path(temporary))
        mosquitto.start()
        try:
            broker = BrokerSettings(port=mosquitto.port, username=mosquitto.username, password=mosquitto.password)
            config = Config(
                data_directory=temporary, broker=broker, sensors=list(sensors), detection=detection, influx=influx
            )
            made = Site(Path(temporary), config, broker)
            made.settings.write_bytes(dump(config))
            yield made
        finally:
            mosquitto.stop()


@contextmanager
def detector(where: Site) -> Iterator[int]:
    """A running detector that listens; its process id."""
    with process("crampwatch", "detect", "--config", str(where.settings)) as running:
        wait_until_served(where.broker)
        yield running.pid


@contextmanager
def process(module: str, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A Python module that runs as a program; asked to stop in the end, and waited for."""
    # A session of its own: Ctrl-C is for this process, which stops its children in the right order.
    running = subprocess.Popen([sys.executable, "-m", module, *arguments], cwd=ROOT, start_new_session=True)
    try:
        yield running
    finally:
        running.terminate()
        try:
            running.wait(STOP_S)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def wait_until_served(broker: BrokerSettings) -> None:
    """Return once a detector listens: it answers a collector that takes its leave with what it sees, `offline`."""
    answered = threading.Event()
    client = mqtt_client(broker)
    client.on_message = lambda *_: answered.set()
    client.connect(broker.host, broker.port)
    client.loop_start()
    client.subscribe(NOBODY.topic("watch"))
    deadline_s = time.monotonic() + START_S
    while not answered.wait(ANSWER_S):
        if time.monotonic() > deadline_s:
            raise TimeoutError("the detector does not answer; what it said above may tell why")
        client.publish(NOBODY.topic("status"), encode_json(Status(state="offline", t_ns=time.time_ns())), qos=1)
    client.disconnect()
    client.loop_stop()
