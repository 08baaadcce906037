"""The page itself: which address shows what, and which form is filed as what."""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, quote
from uuid import uuid4

from collector.contract.messages import NS
from collector.contract.nights import night_of
from collector.contract.topics import Place
from crampwatch.page import forms, now
from crampwatch.page.exchange import Refused, Request, Response, html, see
from crampwatch.page.forms import Mistake
from crampwatch.page.guard import ENTRANCE, Guard
from crampwatch.page.nights import Nights, key_of, path_to
from crampwatch.page.report import Reports, policy
from crampwatch.page.room import takes_notes
from crampwatch.page.said import MUSCLES, PARTS, entered_since, noted
from crampwatch.page.wording import Wording, name_of, path_of
from detector.alarm.messages import Verdict
from detector.diary.diary import Diary
from detector.diary.schema import BadDiary
from detector.store import NightKey
from detector.store_schema import BadStore

ASSETS = files("crampwatch.page") / "assets"
FREE = {
    "/page.css": "text/css; charset=utf-8",
    "/page.js": "text/javascript; charset=utf-8",
    "/icon.svg": "image/svg+xml",
}
"""What is the same for everybody, and needs no key."""
AGO_MIN = (10, 30, 60)
"""Minutes that can be chosen instead of typing a time."""
LATELY_NS = 24 * 3600 * NS
"""How far back what was entered is shown again, so that who entered it sees that it is there."""


class Home(NamedTuple):
    """Whose page it is, and where what it shows is kept."""

    settings: Path
    places: Sequence[Place]
    diary: Path
    store: Path
    silent: bool = False  # all is shown, nothing sounds


class Page:
    """Answers requests. Nothing is kept between them: each reads the diary and the night store anew.

    `takes_notes` tells whether the diary's disk would take something.
    """

    def __init__(
        self,
        home: Home,
        wording: Wording,
        guard: Guard,
        now_ns: Callable[[], int],
        takes_notes: Callable[[Path], bool] = takes_notes,
    ) -> None:
        self._home = home
        self._wording = wording
        self._guard = guard
        self._now_ns = now_ns
        self._takes_notes = takes_notes
        self._nights = Nights(home.store, wording)
        self._reports = Reports(home.settings)

    def answer(self, request: Request) -> Response:
        """What the browser gets; raises Refused."""
        self._guard.check_source(request)
        if request.method == "GET" and request.path in FREE:
            return Response(HTTPStatus.OK, (ASSETS / request.path[1:]).read_bytes(), FREE[request.path])
        if request.method == "GET" and request.path == ENTRANCE:
            return self._enter(request)
        if not self._guard.knows(request):
            raise Refused(HTTPStatus.FORBIDDEN, "page.refused_key")
        if request.method == "GET" and request.path == "/" and not self._takes_notes(self._home.diary):
            return self._show_places([now.unknown(place, self._wording) for place in self._home.places])
        try:
            with Diary(self._home.diary) as diary:
                return self._post(request, diary) if request.method == "POST" else self._get(request, diary)
        except (BadDiary, BadStore, sqlite3.Error) as error:
            key = "page.refused_file" if self._takes_notes(self._home.diary) else "page.refused_full"
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, key, reason=str(error)) from error

    def refusal(self, refused: Refused) -> Response:
        """A page that says why something is not done."""
        why = self._wording.say(refused.key, **refused.values)
        return html(self._wording.page("refused", why=why, view=""), refused.status)

    def _enter(self, request: Request) -> Response:
        """Whoever comes with the key gets the cookie; from there on it is the browser that brings it."""
        key = parse_qs(request.query).get("key", [""])[0]
        cookie = self._guard.cookie_for(key)
        if cookie is None:
            raise Refused(HTTPStatus.FORBIDDEN, "page.refused_key")
        # No redirect: after one that began on another site a browser would keep a strict cookie to itself.
        return html(self._wording.page("entered", view=""))._replace(headers=(("Set-Cookie", cookie),))

    def _get(self, request: Request, diary: Diary) -> Response:
        match request.path.strip("/").split("/"):
            case [""]:
                return self._show_now(diary)
            case ["cramp"]:
                return self._show_cramp(diary, {})
            case ["evening"]:
                return self._show_evening(diary)
            case ["nights"]:
                return html(self._wording.page("nights", view="nights", lines=self._nights.lines(diary)))
            case ["nights", wearer, site, night]:
                return self._show_night(self._night(wearer, site, night), diary)
            case ["nights", wearer, site, night, "report"]:
                return self._show_report(self._night(wearer, site, night))
        raise _missing()

    def _post(self, request: Request, diary: Diary) -> Response:
        form = forms.fields_of(request)
        place = forms.place_in(form, self._home.places)
        now_ns = self._now_ns()
        match request.path:
            case "/command":
                diary.add(place, forms.command(form, now_ns))
                return see("/")
            case "/verdict":
                verdict = forms.verdict(form, now_ns)
                diary.add(place, verdict)
                return see(_back_to(verdict, key_of(place, form.get("night", ""))))
            case "/cramp":
                return self._file_cramp(form, place, diary)
            case "/evening":
                diary.add(place, forms.evening_note(form, now_ns))
                return see("/evening#entered")
        raise _missing()

    def _file_cramp(self, form: Mapping[str, str], place: Place, diary: Diary) -> Response:
        try:
            cramp = forms.felt_cramp(form, self._wording.zone, self._now_ns())
        except Mistake as mistake:
            return self._show_cramp(diary, form, self._wording.say(mistake.key))
        diary.add(place, cramp)
        return see("/cramp#entered")

    def _show_now(self, diary: Diary) -> Response:
        now_ns = self._now_ns()
        views = [
            now.view(now.known(diary, place, now_ns, self._wording), now_ns, self._wording)
            for place in self._home.places
        ]
        return self._show_places(sorted(views, key=lambda view: not view.calls))

    def _show_places(self, views: Sequence[now.View]) -> Response:
        now_ns = self._now_ns()
        clock, silent = self._wording.clock(now_ns, now_ns), self._home.silent
        return html(self._wording.page("now", view="now", views=views, clock=clock, silent=silent))

    def _show_cramp(self, diary: Diary, given: Mapping[str, str], mistake: str = "") -> Response:
        """The form; with what was given where that had a mistake."""
        now_ns = self._now_ns()
        first = {"id": uuid4().hex, "when": "0"}
        page = self._wording.page(
            "cramp",
            view="cramp",
            given=defaultdict(str, {**first, **given}),
            mistake=mistake,
            places=self._places,
            ago=[(minutes, self._wording.duration(60 * minutes)) for minutes in AGO_MIN],
            muscles=MUSCLES,
            entered=[
                (self._told_apart(place), line)
                for place in self._home.places
                for line in entered_since(diary, place, now_ns - LATELY_NS, now_ns, self._wording)
            ],
        )
        return html(page, HTTPStatus.UNPROCESSABLE_ENTITY if mistake else HTTPStatus.OK)

    def _show_evening(self, diary: Diary) -> Response:
        night = night_of(self._now_ns(), self._wording.zone)
        lines = [
            (self._told_apart(place), noted(note, self._wording))
            for place in self._home.places
            for note in diary.evening(place, night)
        ]
        page = self._wording.page(
            "evening",
            view="evening",
            given=defaultdict(str, {"id": uuid4().hex, "night": night.isoformat()}),
            night=self._wording.night(night),
            places=self._places,
            parts=PARTS,
            noted=lines,
        )
        return html(page)

    def _show_night(self, key: NightKey, diary: Diary) -> Response:
        night = self._nights.view(key, diary)
        if night is None:
            raise _missing()
        return html(self._wording.page("night", view="nights", night=night))

    def _show_report(self, key: NightKey) -> Response:
        if self._nights.outline(key) is None:
            raise _missing()
        report = self._reports.html(key)
        return html(report, policy=policy(report))

    def _night(self, wearer: str, site: str, night: str) -> NightKey:
        """The night of an address, of a place that is watched here; raises Refused."""
        for place in self._home.places:
            if place == (wearer, site) and (key := key_of(place, night)):
                return key
        raise _missing()

    def _told_apart(self, place: Place) -> str:
        """Whose something is that was entered; nothing where only one place is watched."""
        return name_of(place) if len(self._home.places) > 1 else ""

    @property
    def _places(self) -> list[tuple[str, str]]:
        return [(path_of(place), name_of(place)) for place in self._home.places]


def _missing() -> Refused:
    return Refused(HTTPStatus.NOT_FOUND, "page.refused_missing")


def _back_to(verdict: Verdict, night: NightKey | None) -> str:
    """Where a verdict was given: its place in the night's list; or now, from the top, where the state stands."""
    return f"{path_to(night)}#{quote(verdict.event_id)}" if night else "/"
