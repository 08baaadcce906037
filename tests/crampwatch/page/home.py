"""A home with a page: diary and night store in a folder, an alarm that says what a test wants, a clock that stands."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec

from collector.contract.messages import NS
from collector.contract.topics import Place
from crampwatch.page.exchange import Request
from crampwatch.page.forms import FORM
from crampwatch.page.guard import Guard
from crampwatch.page.key import PageKey
from crampwatch.page.page import Home, Page
from crampwatch.page.room import takes_notes
from crampwatch.page.server import PageServer
from crampwatch.page.wording import Wording
from detector.alarm.machine import Memory
from detector.alarm.messages import AlarmState, FaultTold, Transition
from detector.batch import Batch
from detector.catalogue import load
from detector.diary.diary import Diary
from detector.events import Event
from detector.store import NightStore
from tests.support.blocks import START_NS
from tests.support.frames import INFO, PLACE, event, frames

BERLIN = ZoneInfo("Europe/Berlin")
LEFT, RIGHT = PLACE, Place(PLACE.wearer, "right_calf")
EVENT = "0123456789abcdef"
SETTINGS = f"""
timezone = "Europe/Berlin"
data_directory = "."
[[sensor]]
wearer = "{PLACE.wearer}"
site = "{PLACE.site}"
"""
CRAMP, STRETCH = event(600, "ended", end_s=694), event(900, "ended", end_s=921)
"""At 23:10 and 23:15: the session begins at 23:00 in Berlin."""
NEAR_MISS, TWITCH = (
    msgspec.structs.replace(event(onset_s, "rejected", end_s=end_s), reason="the leg was moving")
    for onset_s, end_s in ((420, 434), (450, 451))
)
"""At 23:07 for 14 s and at 23:07:30 for 1 s, both turned down."""


def moment(text: str) -> int:
    """`2026-11-20 03:12` on a wall in Berlin, in nanoseconds since 1970."""
    return round(datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()) * NS


THREE = moment("2026-11-20 03:12:40")
BATTERY = FaultTold(
    kind="battery",
    since_ns=THREE - 240 * NS,
    title="The wearable's battery will not last the night.",
    cure="Charge it now.",
)


class PageAtHome:
    """The page of a home, without a server around it."""

    def __init__(
        self,
        folder: Path,
        places: tuple[Place, ...] = (LEFT,),
        *,
        key: PageKey | None = None,
        language: str = "en",
        silent: bool = False,
        takes_notes: Callable[[Path], bool] = takes_notes,
    ) -> None:
        self.now_ns = THREE
        self.home = Home(folder / "crampwatch.toml", places, folder / "diary.sqlite", folder / "nights.sqlite", silent)
        wording = Wording(load(language), BERLIN)
        self.page = Page(self.home, wording, Guard(("pi.local",), key), lambda: self.now_ns, takes_notes)

    def tell(self, state: str, place: Place = LEFT, **more: Any) -> None:
        """The alarm has taken up whatever it was asked, and says what it does."""
        told = {"since_ns": self.now_ns - 5 * NS, "by": "detector", "text": f"{state}.", "t_ns": self.now_ns, **more}
        shown = msgspec.convert({"state": state, **told}, AlarmState)
        with Diary(self.home.diary) as diary:
            rows = [entry.row for entry in diary.since(0)]
            diary.remember(place, Memory(), shown, obeyed=max(rows, default=0))

    def alert(self, event_id: str = EVENT, place: Place = LEFT) -> None:
        """An alert is raised now."""
        change = Transition(
            before="CANDIDATE", after="ALERT", t_ns=self.now_ns, by="detector", why="confirmed", event_id=event_id
        )
        with Diary(self.home.diary) as diary:
            diary.add(place, change)
        self.tell("ALERT", place, event_id=event_id, sounding="cramp", text="Possible calf cramp for 12 s.")

    def record(self, *events: Event, minutes: float = 20.0, watched_minutes: float | None = None) -> str:
        """A night is filed, with settings for the commands; the path of its page."""
        self.home.settings.write_text(SETTINGS, encoding="utf-8")
        end_ns = START_NS + round(60 * minutes * NS)
        shown = frames(0, 60 * (watched_minutes or minutes))
        with NightStore(self.home.store) as store:
            store.commit(Batch(info=INFO, start_ns=START_NS, end_ns=end_ns, frames=shown, events=events, complete=True))
        return f"/nights/{PLACE.wearer}/{PLACE.site}/2026-11-19"

    def said(self, kind: type[Any]) -> list[Any]:
        """What people have told the diary, of one kind, in its order."""
        with Diary(self.home.diary) as diary:
            return [entry.said for entry in diary.since(0) if isinstance(entry.said, kind)]


@contextmanager
def served(page: Page) -> Iterator[str]:
    """The page behind its server on loopback; its address."""
    server = PageServer("127.0.0.1", 0, page.answer, page.refusal)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def get(path: str = "/", **headers: str) -> Request:
    """What a browser on the same machine asks; `_` in a header's name stands for `-`."""
    path, _, query = path.partition("?")
    return Request("GET", path, query, {"host": "127.0.0.1:8377", **_named(headers)})


def post(path: str, fields: dict[str, str], **headers: str) -> Request:
    """A form that the page itself has sent."""
    own = {"host": "127.0.0.1:8377", "origin": "http://127.0.0.1:8377", "content-type": FORM}
    return Request("POST", path, "", {**own, **_named(headers)}, urlencode(fields).encode())


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
