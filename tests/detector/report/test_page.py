import dataclasses
import re
from collections import Counter
from datetime import datetime
from functools import cache
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest

from collector.contract.nights import Interval
from detector.night_record import NightRecord, Trace
from detector.report import NightContext, observe, render, texts
from detector.report.page import TEMPLATES, leg_words, unbroken
from tests.support.nights import (
    CLOCKS_GO_BACK,
    CLOCKS_GO_FORWARD,
    HARDLY_WATCHED,
    HOUR,
    ONE_CRAMP,
    QUIET,
    SEVERAL,
    Night,
    cramp,
    earlier_nights,
)

NIGHTS = {
    "one cramp": ONE_CRAMP,
    "quiet": QUIET,
    "hardly watched": HARDLY_WATCHED,
    "several, simulated": SEVERAL,
    "clocks go back": CLOCKS_GO_BACK,
    "clocks go forward": CLOCKS_GO_FORWARD,
}
VOID = {"meta", "br", "hr", "img", "link", "input"}
MORNING = datetime(2026, 3, 13, 7, 10, tzinfo=ZoneInfo("Europe/Berlin"))


class Document(HTMLParser):
    """Reads a page as a browser that forgives nothing."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style" and data.strip():
            self.texts.append(" ".join(data.split()))

    @property
    def text(self) -> str:
        return " ".join(self.texts)

    def values(self, name: str) -> list[str]:
        return [value for _, attribute, value in self.attributes if attribute == name]


def page_of(record: NightRecord, history: list[NightContext] | None = None) -> Document:
    return Document(render(record, history or [], MORNING))


@cache
def rendered(name: str) -> str:
    return render(NIGHTS[name].record(), [], MORNING)


@cache
def document(name: str) -> Document:
    return Document(rendered(name))


def plain(document: Document) -> str:
    """Its text with ordinary spaces."""
    return document.text.replace("\u00a0", " ")


@pytest.fixture(params=list(NIGHTS))
def page(request: pytest.FixtureRequest) -> str:
    return rendered(request.param)


def test_every_element_is_closed_and_every_id_is_unique(page: str) -> None:
    assert max(Counter(Document(page).values("id")).values()) == 1


def test_every_reference_inside_a_picture_is_to_something_there(page: str) -> None:
    parsed = Document(page)
    pointed_at = {value.removeprefix("#") for value in parsed.values("xlink:href")}
    pointed_at |= set(re.findall(r"url\(#([^)]+)\)", page))
    assert pointed_at
    assert pointed_at <= set(parsed.values("id"))


def test_nothing_is_loaded_or_run(page: str) -> None:
    parsed = Document(page)
    assert parsed.tags["script"] == parsed.tags["link"] == parsed.tags["img"] == parsed.tags["a"] == 0
    assert parsed.values("src") == parsed.values("href") == []
    assert not [name for _, name, _ in parsed.attributes if name.startswith("on")]
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)
    assert set(re.findall(r"https?://[^\"'\s<]+", page)) == {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }


def test_nothing_is_praised_scored_or_judged(page: str) -> None:
    text = Document(page).text.replace(texts.BANNER, "").lower()
    assert not re.search(r"improv|worse|better|diagnos|scor|good night|well done|caused|because of your|normal", text)


def test_the_disclaimer_stands_at_the_top_and_at_the_end(page: str) -> None:
    assert Document(page).text.count(texts.BANNER) == 2


def test_the_detector_version_and_the_parameters_hash_are_printed(page: str) -> None:
    parameters_hash = ONE_CRAMP.record().parameters_hash
    assert f"Detector version 1, parameters {parameters_hash}." in Document(page).text


def test_every_text_of_a_picture_is_dark_enough_on_white(page: str) -> None:
    colours = set(re.findall(r"<text[^>]*fill: (#[0-9a-f]{6})", page)) | {"#1f2933", "#52606d"}
    for colour in colours:
        assert contrast_on_white(colour) >= 4.5, colour  # WCAG 2.1, 1.4.3


def contrast_on_white(colour: str) -> float:
    """WCAG 2.1's contrast ratio against white."""
    channels = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)


def test_the_same_night_gives_the_same_page() -> None:
    assert render(ONE_CRAMP.record(), [], MORNING) == rendered("one cramp")


def test_a_cramp_has_its_row_and_its_picture() -> None:
    one_cramp = document("one cramp")
    assert one_cramp.tags["svg"] == 3  # the night wide and narrow, and the cramp
    for words in (
        "03:12:40",
        "94 s",
        "9 times rest (36 µV)",
        "after 12 s",
        "still",
        "tonic for 12.0 s from a sudden start",
    ):
        assert words in plain(one_cramp)


@pytest.mark.parametrize(
    ("moving", "lead_s", "upright", "words"),
    [
        (None, None, False, "not known"),
        (0.1, 0.4, False, "still"),
        (0.6, 9.0, False, "moved 9 s later"),
        (0.9, 0.1, False, "moving 90 % of the time"),
        (0.0, None, True, "upright"),
    ],
)
def test_the_legs_motion_is_told_in_words(
    moving: float | None, lead_s: float | None, upright: bool, words: str
) -> None:
    event = Night().event(cramp(HOUR), confirmed=True)
    figures = msgspec.structs.replace(event.figures, moving_fraction=moving, lead_s=lead_s, upright=upright)
    assert leg_words(msgspec.structs.replace(event, figures=figures)) == words


def test_near_misses_are_listed_with_their_reason_the_rest_in_numbers() -> None:
    text = plain(document("one cramp"))
    assert "lasted 8.0 s; a cramp is believed from 12 s on" in text
    assert "came in bursts (steadiness …, a tonic contraction has … or more): 2" in text
    assert "Brief movements (other contractions under 10 s): 74." in text


def test_unwatched_time_is_added_up_by_cause_the_longest_first() -> None:
    record = dataclasses.replace(
        ONE_CRAMP.record(),
        unwatched=[
            Interval(ONE_CRAMP.ns(at), ONE_CRAMP.ns(at + lasts), cause)
            for at, lasts, cause in [(60.0, 30.0, "mains"), (HOUR, 400.0, "no data"), (2 * HOUR, 800.0, "no data")]
        ],
    )
    text = plain(page_of(record))
    assert "no data 20 min 2 times 13 min from 00:48 mains 30 s once 30 s from 22:49" in text


def test_a_quiet_night_says_in_the_time_watched() -> None:
    text = document("quiet").text
    assert texts.EVENTS_NONE in text
    assert "0 while watched" in text


def test_a_hardly_watched_night_shows_no_count_of_cramps() -> None:
    text = document("hardly watched").text
    assert "not known" in text
    assert "while watched" not in text
    assert texts.EVENTS_NONE_UNKNOWN in text


def test_a_simulated_night_is_labelled_and_a_real_one_is_not() -> None:
    assert texts.SIMULATED in document("several, simulated").text
    assert "imulated night" not in document("one cramp").text.replace("Developed on simulated nights", "")


def test_a_change_of_the_clock_is_told() -> None:
    assert "The clocks went back during this night, to 02:00 CET" in document("clocks go back").text
    assert "The clocks went forward during this night, to 03:00 CEST" in document("clocks go forward").text


def test_what_was_not_recorded_is_said() -> None:
    text = document("clocks go forward").text
    assert texts.ABSENT_MOTION in text
    assert texts.ABSENT_POSTURE in text
    assert texts.ABSENT_TEMPERATURE not in text


def test_context_says_before_how_many_and_never_more_with_one_night() -> None:
    text = plain(document("one cramp"))
    assert "Before 1 of 1 cramp this night." in text
    assert "more often than your usual:" not in text


def test_context_says_more_often_once_the_nights_suffice_and_names_the_chance() -> None:
    history = [observe(record) for record in earlier_nights(9)]
    text = plain(page_of(ONE_CRAMP.record(), history))
    assert (
        "Before 1 of 1 cramp this night, before 10 of 10 cramps in 10 nights, more often than your usual: 0 %" in text
    )
    assert "(p < 0.01, exact permutation within nights)" in text
    assert texts.CHANCE in text


def test_stretching_comes_first_and_untested_methods_say_so() -> None:
    first, *_ = texts.RELIEF
    assert "pull the toes toward the shin" in first.what
    assert [relief.evidence for relief in texts.RELIEF[-2:]] == ["Traditional, no trial found."] * 2


def test_a_name_with_markup_stays_text() -> None:
    night = dataclasses.replace(ONE_CRAMP.record(), wearer="<script>alert(1)</script>")
    assert page_of(night).tags["script"] == 0


def test_more_than_two_hundred_cramps_all_have_their_row() -> None:
    record = Night(cramps=[cramp(100.0 * (k + 1), 20.0) for k in range(205)]).record()
    parsed = page_of(dataclasses.replace(record, traces={}))
    assert parsed.text.count("No trace was kept of the cramp at") == 205
    assert parsed.tags["td"] >= 205 * 7


def test_a_night_without_a_single_frame_still_has_a_page() -> None:
    nothing = dataclasses.replace(HARDLY_WATCHED.record(), seconds=[], watched_s=0.0, postures=[])
    assert "0 s of 7" in plain(page_of(nothing))


def test_a_trace_with_a_hole_is_not_joined() -> None:
    record = ONE_CRAMP.record()
    (event,) = record.events
    whole = record.traces[event.id]
    hole = np.r_[0:300, 400 : len(whole.t_ns)]
    cut = Trace(*(getattr(whole, field.name)[hole] for field in dataclasses.fields(Trace)))
    moves = [render(dataclasses.replace(record, traces={event.id: t}), [], MORNING).count("M ") for t in (whole, cut)]
    assert moves[1] - moves[0] >= 2  # the muscle's line and the motion's begin anew behind the hole


def test_numbers_stay_with_their_units() -> None:
    assert unbroken("7 h 31 of 7 h 52, 94 s, 36 µV") == "7\u00a0h\u00a031 of 7\u00a0h\u00a052, 94\u00a0s, 36\u00a0µV"


def test_the_catalogue_holds_every_sentence_of_the_template() -> None:
    template = (TEMPLATES / "report.html.jinja").read_text("utf-8")
    outside = re.sub(r"{[{%].*?[}%]}|<[^>]+>", "", template, flags=re.DOTALL)
    assert not re.search(r"[A-Za-z]", outside)
