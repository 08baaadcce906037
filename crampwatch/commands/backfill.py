"""`crampwatch backfill`: a new, empty InfluxDB filled from the night store and the diary."""

from pathlib import Path

from rich.console import Console

from crampwatch.config import load
from crampwatch.errors import UserError
from crampwatch.words import counted


def backfill(config: Path = Path("crampwatch.toml")) -> None:
    """Send every night of the night store, and all of the diary, to the InfluxDB of the settings, from the first on.

    For a new database, or one that was put back from an old backup. Points that are there already are replaced by the
    same, so it may be run at any time and as often as one likes, also while the night is watched.

    Parameters
    ----------
    config
        The settings file.
    """
    from crampwatch.influx import at_home, influx_of, influx_sink
    from crampwatch.progress import progress
    from detector.sinks.delivery import Unavailable
    from detector.sinks.outbox import backfill as send_all

    settings = load(config)
    sink = influx_sink(influx_of(settings))
    sent = refused = 0
    console = Console(highlight=False)
    with at_home(settings) as home, progress(console, "nights sent") as show:
        changes = [source.feed.waiting(0) for source in home.sources]
        try:
            for number, source in enumerate(home.sources, 1):
                for taken, left_out, left in send_all(*source, sink):
                    sent, refused = sent + taken, refused + left_out
                    show((sum(changes[:number]) - left) / sum(changes))
        except Unavailable as trouble:
            raise UserError(
                f"InfluxDB takes no points: {trouble}. {counted(sent, 'point')} were sent; run it again later"
            ) from trouble
    console.print(f"{counted(sent, 'point')} sent, {refused} refused.", soft_wrap=True)
    if refused:
        console.print("The refused ones: crampwatch outbox", soft_wrap=True)
