"""What the bedside keeps on disk: the diary, and what phones are to be told. The disk may refuse; the alarm goes on."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import msgspec

from collector.contract.topics import Place
from detector.alarm.messages import AlarmState
from detector.bedside.push_queue import PushNote
from detector.bedside.shelf import Shelf
from detector.diary.diary import Diary, Entry
from detector.diary.entries import LastState, Said

Memory = TypeVar("Memory", bound=msgspec.Struct)


class Queue(Protocol):
    """Takes what phones are to be told."""

    def append(self, note: PushNote) -> bool:
        """Queue it; on return it is safe. Raises sqlite3.Error, OSError."""

    def close(self) -> None:
        """Close it."""


class Records:
    """What the disk refuses waits in memory and is tried again, and a file that cannot be opened is opened later.

    Nothing raises because of the disk. Raises BadDiary where another program's file lies in the diary's place.
    """

    def __init__(
        self, open_diary: Callable[[], Diary], open_queue: Callable[[], Queue], now_ns: Callable[[], int]
    ) -> None:
        self._open_diary = open_diary
        self._read_to = 0
        self._unfiled: defaultdict[Place, list[Said]] = defaultdict(list)
        self._unqueued: list[PushNote] = []
        self._read_already: set[str] = set()  # the ids of all that was obeyed: a file opened again is read again
        self._diary = Shelf("diary", self._opened_diary, now_ns)
        self._queue = Shelf("queue for phones", open_queue, now_ns)

    @property
    def trouble(self) -> str | None:
        """Why the disk refused last; None if it did not."""
        return self._diary.trouble or self._queue.trouble

    def open_again(self) -> None:
        """Open what could not be opened, if that is due."""
        self._diary.open_again()
        self._queue.open_again()

    def places(self) -> list[Place]:
        """The places that were remembered, as far as that can be read."""
        return self._diary.read(Diary.places, [])

    def memory(self, place: Place, kind: type[Memory]) -> Memory | None:
        """What was remembered for a place, as far as that can be read."""
        return self._diary.read(lambda diary: diary.memory(place, kind), None)

    def state(self, place: Place) -> AlarmState | None:
        """What was shown of a place last, as far as that can be read."""
        return self._diary.read(lambda diary: diary.state(place), None)

    def add(self, place: Place, said: Said) -> bool:
        """Note what somebody said, to be read again with `news`; false where the disk refuses: it is filed later."""
        if self._diary.write(lambda diary: diary.add(place, said)):
            return True
        self._unfiled[place].append(said)
        self._read_already.add(getattr(said, "id", ""))
        return False

    def news(self) -> list[Entry]:
        """What was said since the last call, by whomever."""
        entries: list[Entry] = self._diary.read(lambda diary: diary.since(self._read_to), [])
        if entries:
            self._read_to = entries[-1].row
        unread = [entry for entry in entries if getattr(entry.said, "id", None) not in self._read_already]
        self._read_already.update(getattr(entry.said, "id", "") for entry in unread)
        return unread

    def file(
        self,
        place: Place,
        memory: Callable[[], msgspec.Struct],
        state: AlarmState,
        said: Sequence[Said] = (),
        *,
        obeyed: int | None = None,
        even_so: bool = False,
    ) -> None:
        """Keep what happened, with what the alarm has to know after a restart and what it shows.

        Without anything that happened, nothing is written, unless something was obeyed, or `even_so`. Without a row
        that was `obeyed`, all `news` have been.
        """
        unfiled = self._unfiled[place]
        unfiled.extend(said)
        if not (even_so or obeyed is not None or (unfiled and self._diary.is_due)):
            return
        row = self._read_to if obeyed is None else obeyed
        if self._diary.write(lambda diary: diary.remember(place, memory(), state, unfiled, row)):
            unfiled.clear()

    def stopped(self, place: Place, memory: Callable[[], msgspec.Struct], state: AlarmState) -> None:
        """Keep that this was its last word, for whoever looks into the diary."""
        last = LastState(**msgspec.structs.asdict(state), stopped=True)
        self.file(place, memory, last, even_so=True)

    def queue(self, notes: Sequence[PushNote]) -> None:
        """Hand over what phones are to be told."""
        self._unqueued.extend(notes)
        if self._unqueued and self._queue.is_due:
            self._queue.write(self._hand_over)

    def close(self) -> None:
        """Close the files."""
        self._diary.close()
        self._queue.close()

    def _hand_over(self, queue: Queue) -> None:
        while self._unqueued:
            queue.append(self._unqueued[0])
            del self._unqueued[0]

    def _opened_diary(self) -> Diary:
        diary = self._open_diary()
        try:
            self._read_to = diary.obeyed
        except BaseException:
            diary.close()
            raise
        return diary
