"""Every fault that is tried, by name."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from collector.embedded_broker import EmbeddedBroker
from collector.mqtt_client import mqtt_client
from detector.sinks.influx import InfluxSink
from detector.sinks.influx_schema import Point
from tests.faults import disk, kills
from tests.faults.absences import Absence, Further, Later, Reached
from tests.faults.clock import WallClock
from tests.faults.evidence import Difference
from tests.faults.grounds import Grounds, Undisturbed
from tests.faults.home import Home, access
from tests.faults.kills import Kills
from tests.faults.mangler import Mangler
from tests.faults.result import Result
from tests.support.brokers import Mosquitto

NIGHT_H = 0.5
LONG_NIGHT_H = 2.5
"""Where something is away for an hour."""
QUARTER = 0.25
KILLS = 40
A_NIGHT = 5
"""Connections that are lost again and again make their owners wait longer each time; so a night has few such blows."""
AWAY_S = 3600.0
"""Simulated seconds of each wearer for which something is away."""
SUSPENDED_S = 8.0
"""Seconds of the clock on the wall; the nights are played some hundred times faster than that."""
TROUBLE_S = 6.0
"""Seconds for which InfluxDB is away, failing or slow: several of the outbox's attempts."""
NAMESAKE_STAYS_S = 0.5
DISK_MB = 160
"""The collector leaves 64 MB to others and keeps 16 as ballast; a night of two wearers takes some 30."""


class Trial(NamedTuple):
    """A fault, how often it is injected at least, and what tries it."""

    name: str
    times: int
    run: Callable[["Trial", Grounds], Result]
    hours: float = NIGHT_H  # of each wearer

    def result(self, grounds: Grounds, difference: Difference, **more: Any) -> Result:
        """The table's row."""
        return Result(self.name, samples=grounds.undisturbed.instants, difference=difference, **more)


def again_and_again(
    name: str,
    times: int,
    progress: Callable[[Home], float],
    strike: Callable[[Home, Grounds], bool],
    a_night: int = KILLS,
    **at_home: Any,
) -> Trial:
    """A blow at random points, night after night, until it has been struck often enough."""

    def run(trial: Trial, grounds: Grounds) -> Result:
        whole = grounds.whole.journalled_rows if progress is Home.journalled_rows else grounds.whole.filed_s
        found: list[Difference] = []
        injections, recovery_s = 0, list[float]()
        while injections < trial.times:
            wanted = min(a_night, trial.times - injections)
            harm = Kills(wanted, len(found), whole, progress, lambda home: strike(home, grounds))
            with grounds.at_home(**at_home) as home:
                found.append(grounds.harmed(harm, home))
            injections += harm.injections
            recovery_s += harm.recovery_s
        samples = len(found) * grounds.undisturbed.instants
        return Result(trial.name, injections, samples, Difference.total(found), recovery_s)

    return Trial(name, times, run)


def killing(
    process: str, progress: Callable[[Home], float], kill: Callable[[Home, Grounds], bool], **at_home: Any
) -> Trial:
    """SIGKILL."""
    return again_and_again(f"SIGKILL of the {process}", KILLS, progress, kill, **at_home)


def _worker(name: str) -> Callable[[Home, Grounds], bool]:
    killed = kills.killed_worker(name)
    return lambda home, _: killed(home)


def _broker(home: Home, _: Grounds) -> bool:
    home.broker.kill()
    home.broker.start()
    return True


def _influxd(_: Home, grounds: Grounds) -> bool:
    grounds.influx.kill()
    grounds.influx.start()
    return True


def _namesake(home: Home, _: Grounds) -> bool:
    """Another client enters under the name of a collector, which the broker puts out for it, and leaves again."""
    broker = access(home.broker).as_role("collector")
    who = next(iter(home.config.sensors))
    client = mqtt_client(broker, f"crampwatch-collector-{who.wearer}-{who.site}")
    client.connect(broker.host, broker.port)
    client.loop_start()
    time.sleep(NAMESAKE_STAYS_S)
    client.disconnect()
    client.loop_stop()
    return True


def absent(name: str, absence: Callable[[Grounds], Absence], hours: float = NIGHT_H, **at_home: Any) -> Trial:
    """Something is away once."""

    def run(trial: Trial, grounds: Grounds) -> Result:
        harm = absence(grounds)
        with grounds.at_home(**at_home) as home:
            difference = grounds.harmed(harm, home)
        return trial.result(grounds, difference, injections=harm.injections, recovery_s=harm.recovery_s)

    return Trial(name, 1, run, hours)


def _default_queue(folder: Path) -> Mosquitto:
    """A mosquitto that acknowledges and drops what queues beyond its default of 1000 messages."""
    broker = Mosquitto(folder)
    settings = folder / "mosquitto.conf"
    settings.write_text(
        "\n".join(line for line in settings.read_text().splitlines() if "max_queued" not in line) + "\n"
    )
    return broker


def _an_hour_without_broker(grounds: Grounds) -> Absence:
    return _an_hour_without(grounds, lambda home: home.broker.kill(), lambda home: home.broker.start())


def _an_hour_without_detector(grounds: Grounds) -> Absence:
    return _an_hour_without(grounds, lambda home: home.freeze("detector"), lambda home: home.thaw("detector"))


def _an_hour_without(grounds: Grounds, take: Callable[[Home], None], bring: Callable[[Home], None]) -> Absence:
    """Away while an hour of each wearer is journalled, or half of it all in a short choice of faults."""
    rows = grounds.whole.journalled_rows
    hours = rows * AWAY_S * len(grounds.recordings) / grounds.whole.filed_s
    begins = Reached(Home.journalled_rows, QUARTER * rows)
    return Absence(begins, take, Further(Home.journalled_rows, min(hours, rows / 2)), bring)


def _suspended(grounds: Grounds) -> Absence:
    names = ("collector", "detector", "outbox")

    def suspend(home: Home) -> None:
        home.freeze(*names)
        home.broker.freeze()  # type: ignore[attr-defined]
        grounds.influx.freeze()

    def resume(home: Home) -> None:
        grounds.influx.thaw()
        home.broker.thaw()  # type: ignore[attr-defined]
        home.thaw(*names)

    return Absence(Reached(Home.filed_s, QUARTER * grounds.whole.filed_s), suspend, Later(SUSPENDED_S), resume)


def influx_trouble(name: str, take: Callable[[Grounds], None], bring: Callable[[Grounds], None]) -> Trial:
    """InfluxDB does not take points for a while."""

    def absence(grounds: Grounds) -> Absence:
        return Absence(
            Reached(Home.sent_s, QUARTER * grounds.whole.filed_s),
            lambda _: take(grounds),
            Later(TROUBLE_S),
            lambda _: bring(grounds),
            Home.sent_s,
        )

    return absent(name, absence)


def _refused_points(trial: Trial, grounds: Grounds) -> Result:
    """Somebody has written text where a cramp's peak is a number: 400 for each cramp; then that is mended."""
    with grounds.at_home() as home:
        influx = home.config.influx
        assert influx
        onset_ns = grounds.undisturbed.first_onset_ns
        with closing(InfluxSink(influx)) as sink:
            sink.write([Point("cramp_event", {"wearer": "other"}, onset_ns, {"peak_uv": "high"})])
        home.run(Undisturbed())
        kept = home.outbox().refused
        grounds.influx.query('DROP MEASUREMENT "cramp_event"', influx.bucket)
        command = [sys.executable, "-m", "crampwatch", "outbox", "retry", "--config", str(home.settings)]
        subprocess.run(command, check=True, capture_output=True)
        found = grounds.difference(home)
    return trial.result(grounds, found, injections=kept, remark="kept, then sent with `crampwatch outbox retry`")


def _full_disk(trial: Trial, grounds: Grounds) -> Result:
    harm = Absence(
        Reached(Home.filed_s, QUARTER * grounds.whole.filed_s),
        lambda home: disk.fill(home.config.directory),
        Later(SUSPENDED_S),
        lambda home: disk.make_room(home.config.directory),
    )
    with _small_disk_at_home(grounds) as home:
        difference = grounds.harmed(harm, home)
    return trial.result(grounds, difference, injections=harm.injections, recovery_s=harm.recovery_s)


@contextmanager
def _small_disk_at_home(grounds: Grounds) -> Iterator[Home]:
    with grounds.at_home() as home, disk.small_disk(home.config.directory, DISK_MB):
        yield home


def _set_back(trial: Trial, grounds: Grounds) -> Result:
    """In the middle of the night; what is live then is measured in virtual time (tests/collector/test_clocks.py)."""
    clock = WallClock(grounds.folder / "clock")
    begins = Reached(Home.filed_s, QUARTER * grounds.whole.filed_s)
    harm = Absence(begins, lambda _: clock.put(-3600), Later(0.0), lambda _: None)
    with grounds.at_home(environment=clock.environment) as home:
        difference = grounds.harmed(harm, home)
    return trial.result(grounds, difference, injections=harm.injections, recovery_s=harm.recovery_s)


def _mangled(trial: Trial, grounds: Grounds) -> Result:
    with (
        grounds.second_broker() as collectors,
        grounds.at_home(broker=Mosquitto, collector_broker=collectors) as home,
        Mangler(collectors, home.broker, seed=1) as way,
    ):
        difference = grounds.harmed(Undisturbed(), home)
    done = {fate: count for fate, count in way.done.items() if fate != "sent"}
    told = ", ".join(f"{count} {fate}" for fate, count in sorted(done.items()))
    return trial.result(grounds, difference, injections=sum(done.values()), remark=told)


CATALOGUE: tuple[Trial, ...] = (
    killing("collector", Home.journalled_rows, _worker("collector")),
    killing("detector", Home.filed_s, _worker("detector")),
    killing("outbox", Home.sent_s, _worker("outbox")),
    killing("broker (mosquitto)", Home.filed_s, _broker, a_night=A_NIGHT),
    killing("embedded broker (amqtt)", Home.filed_s, _broker, a_night=A_NIGHT, broker=lambda _: EmbeddedBroker()),
    killing("InfluxDB", Home.sent_s, _influxd),
    absent("Broker away for an hour", _an_hour_without_broker, broker=_default_queue, hours=LONG_NIGHT_H),
    absent(
        "Detector away for an hour, mosquitto's default queue of 1000",
        _an_hour_without_detector,
        broker=_default_queue,
        hours=LONG_NIGHT_H,
    ),
    absent("Everything suspended", _suspended),
    influx_trouble("InfluxDB away", lambda grounds: grounds.influx.kill(), lambda grounds: grounds.influx.start()),
    influx_trouble("InfluxDB answers 500", lambda g: g.influx.answer(500), lambda g: g.influx.answer(None)),
    influx_trouble("InfluxDB answers 429", lambda g: g.influx.answer(429), lambda g: g.influx.answer(None)),
    influx_trouble("InfluxDB answers nothing", lambda g: g.influx.freeze(), lambda g: g.influx.thaw()),
    Trial("InfluxDB answers 400 on single points", 1, _refused_points),
    Trial("Disk full to the last byte", 1, _full_disk),
    again_and_again("Another client takes a collector's name", 5, Home.filed_s, _namesake),
    Trial("Clocks set back by an hour", 1, _set_back),
    Trial("Messages repeated, swapped, garbled, dropped, replayed", 1, _mangled),
)
