"""The whole look before bed at one sensor: listen, judge, try the alarm, and file what was found."""

import shutil
import time
from collections.abc import Callable
from datetime import datetime
from typing import Literal

from collector.contract.broker import BrokerSettings
from collector.contract.messages import NS
from collector.contract.nights import night_of
from collector.contract.topics import Place, place
from crampwatch.config import Config, Sensor
from crampwatch.doctor import clock, storage
from crampwatch.doctor.finding import Finding
from crampwatch.preflight import reports, samples
from crampwatch.preflight.alarm_path import AREA, alarm_path
from crampwatch.preflight.course import Phase
from crampwatch.preflight.ear import Ear
from crampwatch.preflight.heard import SUBSCRIBED, Heard
from crampwatch.preflight.placement import movement
from detector.alarm.preflight_message import Check, Muscle, Preflight
from detector.catalogue import Catalogue, load
from detector.diary.diary import Diary

Prompt = Phase | Literal["alarm"]
"""What a person is told: the phases of the course, and that the alarm sounds now."""
PATIENCE_S = 30.0
"""Without a sample for this long it goes on without: a wearable is found and connected within 20 s, if at all."""
WORD_S = 12.0
"""The detector says every 10 s how far it has come."""


def look(
    config: Config,
    sensor: Sensor,
    broker: BrokerSettings,
    say: Callable[[Prompt], None],
    *,
    test_alarm: bool,
    patience_s: float = PATIENCE_S,
) -> list[Finding]:
    """Look at one sensor and put what was found into the diary; `say` is called with each prompt that is due."""
    where, catalogue = place(sensor.wearer, sensor.site), load(config.alarm.language)
    heard = Heard(where, config.detector, say, None if sensor.recording else time.time_ns)
    with Ear(broker, where, SUBSCRIBED, heard.message) as ear, Diary(config.diary) as diary:
        attend(heard, ear.serve, patience_s)
        found, muscles = judged(config, heard, catalogue)
        found += [clock.clock(clock.kernel_clock_state(), catalogue), _disk(config, catalogue)]
        if test_alarm:
            found.append(_alarm(config, diary, where, catalogue, ear, say))
        else:
            found.append(Finding(AREA, "not asked", catalogue.say("preflight.alarm.left_out")))
        t_ns = heard.newest_ns if sensor.recording else time.time_ns()
        checks = tuple(Check(area=it.area, state=it.state, says=it.says, cure=it.cure) for it in found)
        night = night_of(t_ns, config.zone)
        diary.add(where, Preflight(night=night, t_ns=t_ns, by="preflight", checks=checks, muscles=muscles))
    return found


def attend(heard: Heard, serve: Callable[[], None], patience_s: float) -> None:
    """Listen until the course is over, or no sample has come for too long."""
    count, since_s = heard.samples, time.monotonic()
    while not heard.finished and time.monotonic() - since_s < patience_s:
        serve()
        if heard.samples > count:
            count, since_s = heard.samples, time.monotonic()
    # One that has just been started, or plays a recording fast, may have said nothing of these samples yet.
    until_s = time.monotonic() + WORD_S
    while heard.finished and not reports.follows(heard) and time.monotonic() < until_s:
        serve()


def judged(config: Config, heard: Heard, catalogue: Catalogue) -> tuple[list[Finding], tuple[Muscle, ...]]:
    """What samples, collector and detector tell, and each channel's levels."""
    found, muscles = reports.sensor(heard, catalogue), tuple[Muscle, ...]()
    seen = heard.course.observation() if heard.course and heard.finished else None
    if seen:
        asked_for = movement(heard.place.site, catalogue)
        of_samples, muscles = samples.judge(seen, config.detector, asked_for, catalogue)
        found += of_samples
    else:
        unjudged = catalogue.say("preflight.sensor.no_signal")
        found += [Finding(area, "not asked", unjudged) for area in samples.AREAS]
    found += [reports.strength(heard.health, catalogue), reports.battery(heard.health, catalogue)]
    return [*found, reports.detector(heard, catalogue)], muscles


def _alarm(
    config: Config, diary: Diary, where: Place, catalogue: Catalogue, ear: Ear, say: Callable[[Prompt], None]
) -> Finding:
    if config.alarm.mode == "silent":
        return Finding(AREA, "not asked", catalogue.say("preflight.alarm.silent"))

    def hhmm(t_ns: int) -> str:
        return f"{datetime.fromtimestamp(t_ns // NS, config.zone):%H:%M}"

    return alarm_path(diary, where, catalogue, lambda: say("alarm"), ear.serve, time.time_ns, hhmm)


def _disk(config: Config, catalogue: Catalogue) -> Finding:
    free_bytes = shutil.disk_usage(storage.nearest(config.directory)).free
    return storage.disk(config.directory, free_bytes, config.zone, catalogue)
