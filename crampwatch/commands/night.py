"""`crampwatch night`: everything a night needs, on one machine."""

from pathlib import Path

from rich.console import Console

from crampwatch.config import load
from crampwatch.logs import to_stderr


def night(config: Path = Path("crampwatch.toml")) -> None:
    """Watch the night: the collector, the detector, the alarm and, unless the settings name one, a broker.

    It also keeps clips, and tells phones and an InfluxDB where the settings name them.

    The page for a phone is part of it, and tells its address as soon as it can be opened; `with_night = false` under
    [page] leaves it out. Where it cannot listen, the night goes on without it and says so.

    Each runs in a process of its own and is started again when it dies; nothing that was journalled is lost by that.
    Stop with Ctrl-C or SIGTERM; the report of the night is then one `crampwatch report` away. Where all sensors play a
    recording, it ends by itself.

    Parameters
    ----------
    config
        The settings file.
    """
    from crampwatch import processes
    from crampwatch.wiring import everything_filed

    to_stderr()
    settings = load(config)
    console = Console(highlight=False)
    watched = ", ".join(f"{sensor.wearer} ({sensor.site})" for sensor in settings.sensors)
    console.print(f"Watching {watched}. The night is kept in {settings.directory}. Ctrl-C stops.", soft_wrap=True)
    workers = processes.night(config, settings)
    only_recordings = all(sensor.recording for sensor in settings.sensors)
    workers.run(lambda: only_recordings and everything_filed(settings), processes.stop_on_signals())
    console.print(f"Stopped. For the report: crampwatch report --config {config}", soft_wrap=True)
