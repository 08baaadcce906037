"""At the detector's start: a night store that a power cut or a bad disk has damaged is set aside and mended."""

import logging
import sqlite3
from pathlib import Path

from collector.contract.salvage import Mended, finish_mending, is_damaged, mend
from detector.store import NightStore
from detector.store_schema import BadStore

log = logging.getLogger(__name__)


def repair_store(path: Path) -> Mended | None:
    """Mend the store if it is damaged, before it is opened for writing; raises BadStore when it cannot be."""
    finish_mending(path.parent, path.name)
    if not path.is_file() or not (_doubt(path).exists() or is_damaged(path)):
        return None
    try:
        mended = mend(path, _is_store)
        _doubt(path).unlink(missing_ok=True)
    except (OSError, sqlite3.Error) as error:
        raise BadStore(f"{path}: is damaged and cannot be mended now ({error}); make room and start again") from error
    log.warning(
        "%s was damaged; %d rows of it were saved. What was there is kept as %s",
        *(path.name, mended.rows, mended.set_aside.name),
    )
    return mended


def found_damaged(path: Path) -> None:
    """Have the next start mend the store: reading it through at each start would take half a minute on a slow card."""
    _doubt(path).touch()


def _doubt(path: Path) -> Path:
    return path.with_name(f"{path.name}.to-be-mended")


def _is_store(copy: Path) -> bool:
    try:
        NightStore(copy).close()
    except BadStore:
        return False
    return True
