"""`crampwatch detect`: from the broker to the night store."""

import logging
import sqlite3
from pathlib import Path

from crampwatch.config import load
from crampwatch.errors import UserError
from crampwatch.logs import to_stderr

log = logging.getLogger(__name__)

STORE_DAMAGED = 1
"""The exit code where the store was found damaged. Not 2: starting again does help, it mends the store."""


def detect(config: Path = Path("crampwatch.toml")) -> int:
    """Watch whatever the broker brings, raise alerts, and file the night.

    Runs until it is stopped (SIGTERM or Ctrl-C), which files what is open; started again, it goes on where it was.
    Where it finds the night store damaged it ends with exit code 1, and the next start mends it.

    Parameters
    ----------
    config
        The settings file.
    """
    from crampwatch.processes import stop_on_signals
    from crampwatch.wiring import service_settings
    from detector.mqtt import serve
    from detector.store_repair import found_damaged, repair_store
    from detector.store_schema import BadStore

    to_stderr()
    settings = load(config)
    try:
        repair_store(settings.store)
        broker = settings.named_broker.as_role("detector")
        serve(broker, settings.store, service_settings(settings), settings.detector, stop_on_signals())
    except BadStore as error:
        raise UserError(str(error)) from error
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        found_damaged(settings.store)
        log.error("%s is damaged (%s). Ending, to be started again: that mends it.", settings.store, error)
        return STORE_DAMAGED
    return 0
