"""What collector and detector say of themselves while the check runs."""

from collector.contract.messages import NS, Health
from crampwatch.doctor.finding import Finding
from crampwatch.doctor.sensors import WEAK_DBM
from crampwatch.preflight.heard import Heard
from crampwatch.words import hours_and_minutes

NIGHT_H = 9.0
"""A night's sleep of eight hours, and going to bed."""
LOW_PERCENT = 25.0
"""While nobody can tell yet how fast it falls: a quarter of a cell that lasts a day and a half is a night."""
BEHIND_S = 30.0
"""The detector tells every 10 s how far it has come, and waits up to 5 s for the accelerometer."""

START = "start `crampwatch night` and ask again"


def sensor(heard: Heard) -> list[Finding]:
    """Whether there is a collector, what it complains of, and whether samples come."""
    blank = Finding("sensor", "problem", "")
    if heard.status is None:
        return [blank._replace(says="no collector has been heard of", cure=START)]
    if heard.status.state == "offline":
        return [blank._replace(says="the collector is not running", cure=START)]
    faults = heard.faults.faults if heard.faults else ()
    found = [blank._replace(says=it.cause, cure=it.cure, about=it.device) for it in faults]
    if heard.unusable:
        found.append(blank._replace(says=heard.unusable))
    elif not heard.samples and heard.late:
        says = "only old samples come: the collector is catching up, or its computer's clock is wrong"
        found.append(blank._replace(says=says, cure="ask again in a minute, and look at both clocks"))
    elif not heard.samples:
        cure = "switch the wearable off and on, bring it near; `crampwatch doctor` looks further"
        found.append(blank._replace(says="no muscle signal comes", cure=cure))
    elif not heard.finished:
        found.append(blank._replace(says="the muscle signal broke off", cure="bring the wearable nearer and ask again"))
    return found or [Finding("sensor", "ok", "connected, samples come")]


def battery(health: Health | None) -> Finding:
    """Whether each battery lasts the night."""
    links = health.links if health else ()
    hours = [link.battery_hours_left for link in links if link.battery_hours_left is not None]
    percent = [link.battery_percent for link in links if link.battery_percent is not None]
    if hours:
        left = f"lasts for about {hours_and_minutes(3600 * min(hours))} more"
        if min(hours) < NIGHT_H:
            return Finding(
                "battery", "problem", f"{left}, not for the night", "take it off and charge it, or change the battery"
            )
        return Finding("battery", "ok", left)
    if not percent:
        return Finding("battery", "not asked", "the wearable does not tell")
    if min(percent) < LOW_PERCENT:
        return Finding(
            "battery", "warning", f"at {min(percent):.0f} %", "take it off and charge it, or change the battery"
        )
    return Finding("battery", "ok", f"at {min(percent):.0f} %; for how long that lasts will show")


def strength(health: Health | None) -> Finding:
    """How well the wearable is heard."""
    heard_dbm = [link.rssi_dbm for link in (health.links if health else ()) if link.rssi_dbm is not None]
    if not heard_dbm:
        return Finding("reception", "not asked", "the receiver does not tell")
    if min(heard_dbm) < WEAK_DBM:
        return Finding("reception", "warning", f"weak: {min(heard_dbm)} dBm", "bring the receiver nearer to the bed")
    return Finding("reception", "ok", f"{min(heard_dbm)} dBm")


def detector(heard: Heard) -> Finding:
    """Whether the detector follows the samples."""
    seen = heard.seen
    if seen is None:
        return Finding("detector", "problem", "none has been heard of", START)
    if seen.state == "OFFLINE":
        return Finding("detector", "problem", seen.text.rstrip("."), "see what is said of the sensor")
    if seen.judged_ns is None:
        return Finding("detector", "warning", "it has not judged anything yet", "ask again in a minute")
    if not follows(heard):
        says = f"it is {hours_and_minutes((heard.newest_ns - seen.judged_ns) / NS)} behind the samples"
        return Finding("detector", "problem", says, "look at its log: has it ended, or is the computer too slow?")
    return Finding("detector", "ok", "watching")


def follows(heard: Heard) -> bool:
    """Whether the detector, by its last word, has come to where the check ended."""
    seen = heard.seen
    if seen is None or seen.state == "OFFLINE" or seen.judged_ns is None:
        return False
    return heard.newest_ns - seen.judged_ns <= BEHIND_S * NS
