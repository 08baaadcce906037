"""`crampwatch preflight`: before bed, a minute to see that the night will be watched."""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.console import Console

from crampwatch.config import Config, Sensor, load
from crampwatch.errors import UserError

if TYPE_CHECKING:
    from collector.contract.broker import BrokerSettings
    from crampwatch.preflight.look import Prompt


def preflight(
    *,
    config: Path = Path("crampwatch.toml"),
    wearer: str | None = None,
    site: str | None = None,
    where: str | None = None,
    alarm: Annotated[bool, Parameter(negative="--no-alarm")] = True,
) -> int:
    """Rest for 20 s, tense the muscle softly for 3 s, and be told whether the night will be watched.

    Looks at contact, mains, the muscle at rest and at work, accelerometer, radio, battery, detector, clock and disk,
    and lets the alarm sound once: acknowledge it as you would at night. What is found is kept for the morning report.
    Exits 1 when there is a problem.

    It listens to the collector and the detector that run. Where the settings name no broker nobody can: then it starts
    both itself for as long as it takes.

    Parameters
    ----------
    config
        The settings file.
    wearer
        Whose sensors; by default all.
    site
        Which sensor of theirs; by default all, one after the other.
    where
        Only tell where a sensor is worn, for a site such as left_calf or right_shin.
    alarm
        Without it the alarm is not tried.
    """
    from crampwatch.logs import to_stderr

    if where is not None:
        return _tell_where(where)
    to_stderr()
    settings = load(config)
    chosen = [it for it in settings.sensors if wearer in (None, it.wearer) and site in (None, it.site)]
    if not chosen:
        raise UserError(f"{config} has no such sensor; it has {', '.join(map(_name, settings.sensors))}")
    return _look(config, settings, chosen, test_alarm=alarm)


def _tell_where(site: str) -> int:
    from crampwatch.preflight.placement import muscle_at, placement

    muscle = muscle_at(site)
    if muscle is None:
        known = ", ".join(f"{word} ({it.name})" for it in placement().muscles for word in it.site)
        raise UserError(f"which muscle is meant by {site!r} is not known; use a name with one of: {known}")
    console = Console(highlight=False, markup=False)
    for paragraph in placement().guidance(muscle):
        console.print(f"{paragraph}\n")
    return 0


def _look(path: Path, settings: Config, sensors: list[Sensor], *, test_alarm: bool) -> int:
    from crampwatch.preflight.own_night import own_night

    running = nullcontext(settings.named_broker.as_role("viewer")) if settings.broker else own_night(path, settings)
    with running as broker:
        return max(_look_at(settings, sensor, broker, test_alarm) for sensor in sensors)


def _look_at(settings: Config, sensor: Sensor, broker: "BrokerSettings", test_alarm: bool) -> int:
    from crampwatch.commands.doctor import STYLES
    from crampwatch.doctor.finding import exit_code
    from crampwatch.preflight.look import look

    console = Console(highlight=False, markup=False, soft_wrap=True)
    console.print(f"{_name(sensor)}: lie as you will sleep. This takes about a minute.")
    prompts = _prompts(sensor.site)
    found = look(settings, sensor, broker, lambda phase: console.print(prompts[phase]), test_alarm=test_alarm)
    for finding in found:
        console.print(finding.line(), style=STYLES[finding.state])
    return exit_code(found)


def _prompts(site: str) -> "dict[Prompt, str]":
    from crampwatch.preflight.placement import movement, placement

    return {
        "rest": "Rest: let the leg lie loose for 20 s.",
        "tense": f"Now, for 3 s: {movement(site)}. {placement().softly}",
        "release": "Let go, and rest again.",
        "done": "That was all of it.",
        "alarm": "The alarm sounds now. Acknowledge it as you would at night, within a minute: crampwatch ack.",
    }


def _name(sensor: Sensor) -> str:
    return f"{sensor.wearer} {sensor.site}"
