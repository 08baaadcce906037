"""At the collector's start: journals that a power cut or a bad disk has damaged are set aside and mended."""

import logging
import sqlite3
from pathlib import Path

from collector.contract.errors import BadRecording
from collector.contract.journal import SUFFIX, Journal
from collector.contract.salvage import Mended, finish_mending, is_damaged, mend

log = logging.getLogger(__name__)

_OURS = f"????-??-??_*{SUFFIX}"
"""How collectors name their journals; other files in the folder are none of our business."""


def repair_journals(directory: Path) -> list[Mended]:
    """Mend what is damaged in this folder, before anything of it is opened for writing.

    A mended session is brought to its end: its last blocks may be gone after they were published, and were it to go on,
    their numbers would be given a second time.
    """
    mended = []
    finish_mending(directory, _OURS)
    for path in sorted(directory.glob(_OURS)):
        try:
            if is_damaged(path):
                mended.append(mend(path, _end))
        except (OSError, sqlite3.Error) as error:
            log.error("%s is damaged and cannot be mended now: %s; make room and start again", path.name, error)
    for each in mended:
        log.warning(
            "%s was damaged; %d rows of it were saved. What was there is kept as %s",
            *(each.path.name, each.rows, each.set_aside.name),
        )
    return mended


def _end(copy: Path) -> bool:
    """Whether the copy is a journal; its session is ended."""
    try:
        with Journal.open(copy) as journal:
            journal.end()
    except BadRecording:
        return False
    return True
