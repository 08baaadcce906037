"""At the alarm's start: a diary that a power cut or a bad disk has damaged is set aside and mended."""

import logging
import sqlite3
from pathlib import Path

from collector.contract.salvage import Mended, finish_mending, is_damaged, mend
from detector.diary.diary import Diary
from detector.diary.schema import BadDiary, DiaryUnavailable

_log = logging.getLogger(__name__)


def repair_diary(path: Path) -> Mended | None:
    """Mend the diary if it is damaged, before the alarm opens it; raises DiaryUnavailable when there is no room for it.

    Where nothing can be read, the damaged one is set aside all the same, and a new one begins.
    """
    finish_mending(path.parent, path.name)
    if not path.is_file() or not is_damaged(path):
        return None
    try:
        mended = mend(path, _is_diary)
    except (OSError, sqlite3.Error) as error:
        raise DiaryUnavailable(f"{path}: is damaged and cannot be mended now ({error}); make room") from error
    _log.warning(
        "%s was damaged; %d rows of it were saved. What was there is kept as %s",
        *(path.name, mended.rows, mended.set_aside.name),
    )
    return mended


def _is_diary(copy: Path) -> bool:
    try:
        Diary(copy).close()
    except BadDiary:
        return False
    return True
