"""`crampwatch preflight`: before bed, a minute to see that the night will be watched."""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.console import Console

from crampwatch.config import Config, Sensor, load
from crampwatch.errors import UserError
from detector.catalogue import load as sentences

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
    It speaks the alarm's language. Exits 1 when there is a problem.

    Where the settings name no broker, run it before `crampwatch night`: it starts collector, detector and alarm itself,
    for as long as it takes. With a broker of your own it listens to those that run.

    Parameters
    ----------
    config
        The settings file.
    wearer
        Whose sensors; by default all.
    site
        Which sensor of theirs; by default all, one after the other.
    where
        Only tell where a sensor is worn, for a site such as left_calf or right_shin. In English, where there is no
        settings file.
    alarm
        Without it the alarm is not tried.
    """
    from crampwatch.logs import to_stderr

    if where is not None:
        return _tell_where(where, config)
    to_stderr()
    settings = load(config)
    chosen = [it for it in settings.sensors if wearer in (None, it.wearer) and site in (None, it.site)]
    if not chosen:
        raise UserError(f"{config} has no such sensor; it has {', '.join(map(_name, settings.sensors))}")
    return _look(config, settings, chosen, test_alarm=alarm)


def _tell_where(site: str, path: Path) -> int:
    from crampwatch.preflight.placement import guidance
    from detector.muscles import MUSCLES, muscle_at

    words = sentences(load(path).alarm.language) if path.exists() else sentences()
    muscle = muscle_at(site)
    if muscle is None:
        known = ", ".join(f"{word} ({it.name(words)})" for it in MUSCLES for word in it.site)
        raise UserError(words.say("preflight.where.unknown", site=site, known=known))
    console = Console(highlight=False, markup=False)
    for paragraph in guidance(muscle, words):
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
    from crampwatch.preflight.wording import line, prompt

    words = sentences(settings.alarm.language)
    console = Console(highlight=False, markup=False, soft_wrap=True)

    def say(now: "Prompt") -> None:
        console.print(prompt(now, sensor.site, words))

    console.print(words.say("preflight.prompt.begin", sensor=_name(sensor)))
    found = look(settings, sensor, broker, say, test_alarm=test_alarm)
    for finding in found:
        console.print(line(finding, words), style=STYLES[finding.state])
    return exit_code(found)


def _name(sensor: Sensor) -> str:
    return f"{sensor.wearer} {sensor.site}"
