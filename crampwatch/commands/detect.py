"""`crampwatch detect`: from the broker to the night store."""

from pathlib import Path

from crampwatch.config import load
from crampwatch.errors import UserError
from crampwatch.logs import to_stderr


def detect(config: Path = Path("crampwatch.toml")) -> None:
    """Watch whatever the broker brings, raise alerts, and file the night.

    Runs until it is stopped (SIGTERM or Ctrl-C), which files what is open; started again, it goes on where it was.

    Parameters
    ----------
    config
        The settings file.
    """
    from crampwatch.processes import stop_on_signals
    from crampwatch.wiring import broker_of, service_settings
    from detector.mqtt import serve
    from detector.store_repair import repair_store
    from detector.store_schema import BadStore

    to_stderr()
    settings = load(config)
    try:
        repair_store(settings.store)
        broker = broker_of(settings, "detector")
        serve(broker, settings.store, service_settings(settings), settings.detector, stop_on_signals())
    except BadStore as error:
        raise UserError(str(error)) from error
