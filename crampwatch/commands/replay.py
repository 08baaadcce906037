"""`crampwatch replay`: a recording, played into a broker as if it were live."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.console import Console

from crampwatch.config import load
from crampwatch.progress import progress
from crampwatch.words import hours_and_minutes


def replay(
    recording: Path,
    *,
    speed: Annotated[float, Parameter(validator=Number(gt=0))] | Literal["max"] = 1.0,
    wearer: str = "replay",
    site: str = "left_calf",
    config: Path = Path("crampwatch.toml"),
) -> None:
    """Play a journal, EDF, EDF+ or BDF file into the broker of the settings, as a collector would.

    A detector that listens finds the very same events as `crampwatch score`.

    Parameters
    ----------
    recording
        The file.
    speed
        How many times faster than it was recorded; "max" is as fast as the broker takes it.
    wearer
        For whom to play it. A journal knows its own wearer and site.
    site
        Where the sensor is said to be worn.
    config
        The settings file, for the broker.
    """
    from collector.contract.recording import duration_s
    from collector.contract.recordings import open_recording
    from collector.contract.topics import place
    from collector.replayer import Replayer
    from crampwatch.processes import stop_on_signals

    broker = load(config).named_broker.as_role("collector")
    played = open_recording(recording, place=place(wearer, site))
    length_s = duration_s(played)
    console = Console(highlight=False)
    with progress(console, f"playing {recording.name} ({hours_and_minutes(length_s)})") as told:
        Replayer(
            played,
            played.place,
            broker,
            speed=None if speed == "max" else speed,
            progress=lambda seconds: told(min(1.0, seconds / length_s)),
        ).run(stop_on_signals())
