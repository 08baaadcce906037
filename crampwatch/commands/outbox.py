"""`crampwatch outbox ...`: nights on their way to an InfluxDB."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import App
from rich.console import Console

from crampwatch.config import load
from crampwatch.errors import UserError
from crampwatch.logs import to_stderr
from crampwatch.words import counted

if TYPE_CHECKING:
    from crampwatch.config import Config
    from detector.sinks.outbox_state import OutboxState

SHOWN_AT_MOST = 20
"""Points that were refused mostly have one cause in common."""

SETTINGS = Path("crampwatch.toml")

app = App("outbox", help="Pass the nights on to an InfluxDB; show what waits and what was refused.")


@app.default
def show(*, config: Path = SETTINGS) -> None:
    """Show how far the nights and the diary have got to InfluxDB, and which points it refused.

    Parameters
    ----------
    config
        The settings file.
    """
    from crampwatch.influx import at_home, influx_of

    settings = load(config)
    destination = influx_of(settings).name
    with at_home(settings) as home:
        minutes, entries = (source.waiting for source in home.sources)
        behind = {
            f"{counted(minutes, 'minute')} of the nights": minutes,
            f"{counted(entries, 'line')} of the diary": entries,
        }
        _tell(destination, [words for words, count in behind.items() if count], home.night_state, settings)


@app.command
def run(*, config: Path = SETTINGS) -> None:
    """Pass the nights and the diary on, as they happen, until stopped (SIGTERM or Ctrl-C).

    It never gives up: what cannot be sent now stays where it is and is sent later.

    Parameters
    ----------
    config
        The settings file.
    """
    from crampwatch.influx import influx_of, influx_sink
    from crampwatch.processes import stop_on_signals
    from detector.sinks.outbox import serve

    to_stderr()
    settings = load(config)
    influx = influx_of(settings)
    sink = influx_sink(influx)
    stop = stop_on_signals()
    home = settings.store, settings.diary, settings.zone
    serve(*home, settings.outbox, influx.name, sink, influx.poll_s, stop)
    sink.close()


@app.command
def retry(*, config: Path = SETTINGS) -> None:
    """Send the points that were refused once more, for example after the bucket has been mended.

    Parameters
    ----------
    config
        The settings file.
    """
    from crampwatch.influx import at_home, influx_of, influx_sink
    from detector.sinks.delivery import Unavailable
    from detector.sinks.outbox import retry as send_again

    settings = load(config)
    sink = influx_sink(influx_of(settings))
    with at_home(settings) as home:
        try:
            taken, refused = send_again([source.state for source in home.sources], sink)
        except Unavailable as trouble:
            raise UserError(f"InfluxDB takes no points: {trouble}; nothing was lost, try again later") from trouble
    Console(highlight=False).print(f"{counted(taken, 'point')} taken, {refused} refused again.", soft_wrap=True)


def _tell(destination: str, behind: list[str], state: "OutboxState", settings: "Config") -> None:
    console = Console(highlight=False, markup=False, soft_wrap=True)
    sent = f"{' and '.join(behind)} still to be sent" if behind else "everything is sent"
    console.print(f"{destination}: {sent}.")
    if trouble := state.trouble():
        since = datetime.fromtimestamp(trouble.since_ns / 1e9, settings.zone)
        console.print(f"It takes no points since {since:%Y-%m-%d %H:%M:%S}: {trouble.reason}.")
    if state.in_doubt:
        console.print("What was sent since an answer never came, or since a retry, will be sent once more.")
    refused = state.refused()
    if not refused:
        return
    console.print(f"It refused {counted(refused, 'point')}, kept here (again: crampwatch outbox retry):")
    for point, status, reason in state.quarantined(SHOWN_AT_MOST):
        at = datetime.fromtimestamp(point.t_ns / 1e9, settings.zone)
        what = f"{at:%Y-%m-%d %H:%M:%S} {point.measurement} {' '.join(point.tags.values())}"
        console.print(f"  {what}: {status} {reason}")
    if refused > SHOWN_AT_MOST:
        console.print(f"  and {refused - SHOWN_AT_MOST} more")
