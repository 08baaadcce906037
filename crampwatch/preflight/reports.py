"""What collector and detector say of themselves while the check runs."""

from collector.contract.messages import NS, Health
from crampwatch.doctor.finding import Finding
from crampwatch.doctor.sensors import WEAK_DBM
from crampwatch.preflight.heard import Heard
from crampwatch.words import hours_and_minutes
from detector.catalogue import Catalogue

NIGHT_H = 9.0
"""A night's sleep of eight hours, and going to bed."""
LOW_PERCENT = 25.0
"""While nobody can tell yet how fast it falls: a quarter of a cell that lasts a day and a half is a night."""
BEHIND_S = 30.0
"""The detector tells every 10 s how far it has come, and waits up to 5 s for the accelerometer."""


def sensor(heard: Heard, catalogue: Catalogue) -> list[Finding]:
    """Whether there is a collector, what it complains of, and whether samples come."""
    say = catalogue.say
    blank = Finding("sensor", "problem", "")
    if heard.status is None:
        return [blank._replace(says=say("preflight.sensor.none"), cure=say("preflight.sensor.start"))]
    if heard.status.state == "offline":
        return [blank._replace(says=say("preflight.sensor.stopped"), cure=say("preflight.sensor.start"))]
    # The collector's own words, which are English: there are as many as there are ways for a link to break.
    faults = heard.faults.faults if heard.faults else ()
    found = [
        blank._replace(says=say("preflight.sensor.complains", cause=it.cause), cure=it.cure, about=it.device)
        for it in faults
    ]
    if heard.unusable:
        found.append(blank._replace(says=say("preflight.sensor.unusable", reason=heard.unusable)))
    elif not heard.samples and heard.late:
        found.append(blank._replace(says=say("preflight.sensor.old"), cure=say("preflight.sensor.old_cure")))
    elif not heard.samples:
        found.append(blank._replace(says=say("preflight.sensor.silent"), cure=say("preflight.sensor.silent_cure")))
    elif not heard.finished:
        cure = say("preflight.sensor.broke_off_cure")
        found.append(blank._replace(says=say("preflight.sensor.broke_off"), cure=cure))
    return found or [Finding("sensor", "ok", say("preflight.sensor.ok"))]


def battery(health: Health | None, catalogue: Catalogue) -> Finding:
    """Whether each battery lasts the night."""
    say = catalogue.say
    links = health.links if health else ()
    hours = [link.battery_hours_left for link in links if link.battery_hours_left is not None]
    percent = [link.battery_percent for link in links if link.battery_percent is not None]
    if hours:
        left = hours_and_minutes(3600 * min(hours))
        if min(hours) < NIGHT_H:
            says = say("preflight.battery.short", left=left)
            return Finding("battery", "problem", says, say("preflight.battery.cure"))
        return Finding("battery", "ok", say("preflight.battery.lasts", left=left))
    if not percent:
        return Finding("battery", "not asked", say("preflight.battery.unknown"))
    lowest = f"{min(percent):.0f}"
    if min(percent) < LOW_PERCENT:
        says = say("preflight.battery.low", percent=lowest)
        return Finding("battery", "warning", says, say("preflight.battery.cure"))
    return Finding("battery", "ok", say("preflight.battery.percent", percent=lowest))


def strength(health: Health | None, catalogue: Catalogue) -> Finding:
    """How well the wearable is heard."""
    say = catalogue.say
    heard_dbm = [link.rssi_dbm for link in (health.links if health else ()) if link.rssi_dbm is not None]
    if not heard_dbm:
        return Finding("reception", "not asked", say("preflight.reception.unknown"))
    weakest = min(heard_dbm)
    if weakest < WEAK_DBM:
        says = say("preflight.reception.weak", dbm=weakest)
        return Finding("reception", "warning", says, say("preflight.reception.cure"))
    return Finding("reception", "ok", say("preflight.reception.ok", dbm=weakest))


def detector(heard: Heard, catalogue: Catalogue) -> Finding:
    """Whether the detector follows the samples."""
    say = catalogue.say
    blank = Finding("detector", "problem", "")
    seen = heard.seen
    if seen is None:
        return blank._replace(says=say("preflight.detector.none"), cure=say("preflight.sensor.start"))
    if seen.state == "OFFLINE":  # the detector's own words, which are English
        says = say("preflight.detector.offline", text=seen.text.rstrip("."))
        return blank._replace(says=says, cure=say("preflight.detector.offline_cure"))
    if seen.judged_ns is None:
        says, cure = say("preflight.detector.unjudged"), say("preflight.detector.unjudged_cure")
        return blank._replace(state="warning", says=says, cure=cure)
    if not follows(heard):
        behind = hours_and_minutes((heard.newest_ns - seen.judged_ns) / NS)
        says = say("preflight.detector.behind", time=behind)
        return blank._replace(says=says, cure=say("preflight.detector.behind_cure"))
    return blank._replace(state="ok", says=say("preflight.detector.ok"))


def follows(heard: Heard) -> bool:
    """Whether the detector, by its last word, has come to where the check ended."""
    seen = heard.seen
    if seen is None or seen.state == "OFFLINE" or seen.judged_ns is None:
        return False
    return heard.newest_ns - seen.judged_ns <= BEHIND_S * NS
