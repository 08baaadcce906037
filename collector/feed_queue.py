"""Which journals are to be published, in which order; one that cannot be read keeps no other from it."""

import logging
import sqlite3
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from collector.contract.errors import BadRecording
from collector.contract.journal import SUFFIX
from collector.contract.messages import ReplayRequest, SessionId
from collector.journal_feed import JournalFeed, Unreadable

log = logging.getLogger(__name__)


class FeedQueue:
    """Journals that wait for their turn; the `first` one has it.

    What reads in a journal raises Unreadable, after which it is to be left out, or sqlite3.Error for what may pass.
    Only `add` and `unreadable` may be used from other threads.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._new_paths: deque[Path] = deque()
        self._feeds: deque[JournalFeed] = deque()
        self.unreadable: set[SessionId] = set()
        self._saving = Episode(
            "How far the journal is published cannot be kept", "How far it is published is kept again"
        )

    def __len__(self) -> int:
        return len(self._feeds)

    def __iter__(self) -> Iterator[JournalFeed]:
        return iter(self._feeds)

    @property
    def first(self) -> JournalFeed | None:
        """The one to publish now."""
        return self._feeds[0] if self._feeds else None

    @property
    def settled(self) -> bool:
        """Whether all has been published, and every end been told."""
        return not self._new_paths and all(feed.drained and not feed.ended for feed in self._feeds)

    @property
    def unpublished(self) -> int:
        """How many rows have not been acknowledged."""
        return sum(feed.unpublished for feed in self._feeds)

    def add(self, path: Path) -> None:
        """A journal for the end of the queue, whether it waits already or not."""
        self._new_paths.append(path)

    def take_new(self) -> None:
        """Open what was added."""
        while self._new_paths:
            path = self._new_paths[0]
            if path.stem not in self.unreadable:
                self._put_last(path)
            self._new_paths.popleft()  # only now: what could not be opened for a lock is tried again

    def drop_first(self) -> None:
        """The first one's turn is over."""
        self._feeds.popleft().close()

    def rewind(self, request: ReplayRequest) -> None:
        """Publish again from there on; a session that had been published completely has its turn at once.

        Raises BadRecording where there is no such journal.
        """
        if request.session in self.unreadable:
            return  # that was told when it was found
        feed = self._known(request.session)
        if feed is None:
            feed = JournalFeed(self._directory / f"{request.session}{SUFFIX}")
            self._feeds.appendleft(feed)
        feed.rewind(request.from_seq)

    def leave_out(self, unreadable: Unreadable) -> None:
        """Go on without a journal. It stays where it is, and is mended when the collector starts the next time."""
        log.error("%s; it is published no further and will be mended at the next start", unreadable)
        self.unreadable.add(unreadable.session)
        if feed := self._known(unreadable.session):
            self._feeds.remove(feed)
            feed.close()

    def save(self) -> None:
        """Keep in the journals how far they are published, if the disk takes it."""
        trouble = ""
        for feed in self._feeds:
            try:
                feed.save()
            except sqlite3.Error as error:  # a full disk: what was published still is
                trouble = str(error)
        self._saving.note(trouble)

    def close(self) -> None:
        """Close all, keeping how far they are published."""
        for feed in self._feeds:
            feed.close()

    def _put_last(self, path: Path) -> None:
        try:
            feed = JournalFeed(path)
        except BadRecording as error:
            log.error("%s; it is not published", error)
            self.unreadable.add(path.stem)
            return
        if known := self._known(feed.session):
            feed.close()
            self._feeds.remove(known)
        self._feeds.append(known or feed)

    def _known(self, session: SessionId) -> JournalFeed | None:
        return next((feed for feed in self._feeds if feed.session == session), None)


class Episode:
    """A trouble that comes back each time something is tried: logged when it begins, and when it is over."""

    def __init__(self, begins: str, over: str) -> None:
        self._begins, self._over = begins, over
        self._lasts = False

    def note(self, trouble: str) -> None:
        """How it went this time; an empty `trouble` is none."""
        if trouble and not self._lasts:
            log.error("%s: %s. Trying again.", self._begins, trouble)
        elif self._lasts and not trouble:
            log.warning("%s.", self._over)
        self._lasts = bool(trouble)
