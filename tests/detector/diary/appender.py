"""A process that appends to a diary, and says which entry is safe as soon as `add` has returned."""

import sys
from pathlib import Path

from collector.contract.topics import Place
from detector.alarm.messages import Verdict
from detector.diary.diary import Diary


def verdict(number: int, by: str) -> Verdict:
    """The n-th thing that somebody says."""
    return Verdict(event_id=f"event-{number}", verdict="cramp", by=by, t_ns=number, id=f"{by}-{number}")


def append(path: Path, by: str, wearer: str, count: int) -> None:
    """Open the diary anew and append so many entries."""
    with Diary(path) as diary:
        for number in range(count):
            diary.add(Place(wearer, "left_calf"), verdict(number, by))


def append_for_ever(path: Path) -> None:
    """Append until killed; each entry that is safe gets a line on standard output."""
    with Diary(path) as diary:
        number = 0
        while True:
            diary.add(Place("w1", "left_calf"), verdict(number, "appender"))
            sys.stdout.write(f"{number}\n")
            sys.stdout.flush()
            number += 1


if __name__ == "__main__":
    append_for_ever(Path(sys.argv[1]))
