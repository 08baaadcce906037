"""The demonstration: a simulated night and a real recording go the whole way from a wearable to the morning report.

The wearables are virtual, everything behind them is what a real night uses: bleak's client, the collector, the journal,
an MQTT broker, the detector service, the night store and the report, in three processes that are looked after.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple

from collector.contract.nights import night_of
from collector.contract.recording import duration_s
from collector.contract.recordings import open_recording
from collector.contract.topics import Place, place
from collector.simulator.edf import write_night
from collector.simulator.night import simulate_night
from collector.simulator.spec import NightSpec
from crampwatch import processes
from crampwatch.config import Config, Detection, Sensor, dump
from crampwatch.errors import UserError
from crampwatch.influx import everything_sent
from crampwatch.listener import Listener
from crampwatch.page.settings import PageSettings
from crampwatch.wiring import everything_filed
from detector.alarm.settings import AlarmSettings
from detector.evaluate import Evaluation, evaluate
from detector.messages import EventMessage
from detector.night_record import NightRecord
from detector.report import render
from detector.score import Score, score_recording
from detector.settings import DetectorSettings
from detector.sinks.settings import InfluxSettings
from detector.store import NightStore
from detector.truth_file import read_truth

SLEEPER = place("sleeper", "left_calf")
VOLUNTEER = place("volunteer", "arm")
FS = 250.0
"""A common rate of cheap wearables, and enough: cramps are found as well at 250 Hz as at 1000."""
SHANK_AXIS: Literal["x"] = "x"
"""The simulated leg wears its sensor as a cramp-node is to be worn: x along the shank."""
REAL_RECORDING = Path(__file__).parent.parent / "tests" / "recordings" / "rest_with_bursts_64s.edf"
BLOCK_S = 2.0
"""Twice the usual: at this speed the embedded broker is the bottleneck, and it counts messages, not bytes."""
EARLIER = (
    *("*.journal*", "nights.sqlite*", "outbox.sqlite*", "diary.sqlite*", "push.sqlite*", "alarm.lock"),
    "clips/*.journal",
    *("report.html", "simulated-night.*", "demo.toml"),
)
"""What a demonstration leaves in its folder."""
COMMIT_EVERY_S = 60.0
"""At 500 times real time a commit every minute of the night is still one every eighth of a second."""


class Demo(NamedTuple):
    """What the demonstration plays, and where everything is."""

    folder: Path
    night: Path
    truth: Path
    real: Path | None
    settings: Path
    config: Config


class Outcome(NamedTuple):
    """What came of it."""

    record: NightRecord
    evaluation: Evaluation
    same_as_score: bool
    real: NightRecord | None
    restarts: int
    report: Path


def prepare(
    folder: Path,
    seed: int,
    hours: float,
    cramps: int,
    told: Callable[[float], None],
    influx: InfluxSettings | None = None,
) -> Demo:
    """Simulate the night and write the settings; raises UserError when the folder is in use for something else.

    With an `influx` the outbox runs beside, and the demonstration is not over before everything is sent.
    """
    _clear(folder)
    spec = NightSpec(seed=seed, hours=hours, fs=FS, profile="healthy", cramps=cramps)
    night, truth = write_night(simulate_night(spec, told), folder, stem="simulated-night")
    real = REAL_RECORDING if REAL_RECORDING.is_file() else None
    played = [(SLEEPER, night)] + ([(VOLUNTEER, real)] if real else [])
    config = Config(
        data_directory=str(folder.absolute()),
        sensors=[
            Sensor(wearer=who.wearer, site=who.site, recording=str(recording.absolute()), speed="max", block_s=BLOCK_S)
            for who, recording in played
        ],
        detection=Detection(commit_every_s=COMMIT_EVERY_S, clock="samples", simulated=True),
        detector=DetectorSettings(shank_axis=SHANK_AXIS),
        alarm=AlarmSettings(mode="silent"),  # it runs all the same; at this speed its sounds would be noise
        page=PageSettings(with_night=False),  # nobody is to answer, and a real night's page may be at its port
        influx=influx,
    )
    settings = folder / "demo.toml"
    settings.write_bytes(dump(config))
    return Demo(folder, night, truth, real, settings, config)


def play(demo: Demo, told: Callable[[float], None], alert: Callable[[Place, EventMessage], None]) -> int:
    """Play everything through the real path; returns how often a process had to be started again."""
    total = sum(_blocks(sensor) for sensor in demo.config.sensors)
    workers = processes.night(demo.settings, demo.config)
    stop = processes.stop_on_signals()
    with Listener(workers.broker, alert) as listener:

        def done() -> bool:
            told(min(1.0, listener.filed / total))
            return everything_filed(demo.config) and everything_sent(demo.config)

        workers.run(done, stop)
    if stop.is_set():
        raise KeyboardInterrupt
    return workers.collector.restarts + workers.detector.restarts


def conclude(demo: Demo, restarts: int) -> Outcome:
    """Compare with the truth and with `score`, and write the report."""
    zone = demo.config.zone
    records: dict[str, NightRecord] = {}
    with NightStore(demo.config.store, read_only=True) as store:
        for stored in store.sessions():
            who, night = stored.info.place, night_of(stored.start_ns, zone)
            records[who.wearer] = store.record(who.wearer, who.site, night, zone)
    record = records[SLEEPER.wearer]
    report = demo.folder / "report.html"
    report.write_text(render(record, [], datetime.now(zone)), encoding="utf-8")
    score = score_recording(open_recording(demo.night, place=SLEEPER), demo.config.detector)
    truth = read_truth(demo.truth, demo.night.name)
    return Outcome(
        record=record,
        evaluation=evaluate([(score, truth)]),
        same_as_score=_told(record) == _scored(score),
        real=records.get(VOLUNTEER.wearer),
        restarts=restarts,
        report=report,
    )


def _clear(folder: Path) -> None:
    """Make the folder, or empty it of an earlier demonstration; nothing else is ever deleted."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()) and not (folder / "demo.toml").is_file():
        raise UserError(f"{folder} holds something that is no earlier demonstration; choose another folder with --out")
    for pattern in EARLIER:
        for file in folder.glob(pattern):
            file.unlink()


def _blocks(sensor: Sensor) -> int:
    """How many EMG blocks a sensor's recording makes."""
    return round(duration_s(open_recording(Path(sensor.recording or ""))) / sensor.block_s)


def _told(record: NightRecord) -> list[tuple[float, float, float, str]]:
    """What the live services said: onset, alert and end in seconds from the start, and the reason."""
    start = record.start_ns
    events = sorted([*record.events, *record.candidates], key=lambda event: event.onset_ns)
    return [
        (
            _seconds(event.onset_ns, start),
            _seconds(event.alerted_ns, start),
            _seconds(event.end_ns, start),
            event.reason,
        )
        for event in events
    ]


def _seconds(t_ns: int | None, start_ns: int) -> float:
    return -1.0 if t_ns is None else round((t_ns - start_ns) / 1e9, 3)


def _scored(score: Score) -> list[tuple[float, float, float, str]]:
    """What `score` said, in the same terms."""
    events = sorted([*score.events, *score.candidates], key=lambda event: event.onset_s)
    return [(event.onset_s, _s(event.alerted_s), _s(event.end_s), event.reason) for event in events]


def _s(seconds: float | None) -> float:
    return -1.0 if seconds is None else seconds
