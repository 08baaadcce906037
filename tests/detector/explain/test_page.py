"""The page and the sheet say what was found, in one file, for any width, in light and dark."""

import re
import struct
from pathlib import Path

import msgspec
import pytest

from collector.contract.journal_recording import JournalRecording
from collector.contract.messages import NS
from detector.explain import explain, html, picture, png
from detector.score import score_recording
from detector.settings import DetectorSettings
from tests.detector.explain.conftest import CRAMP_S, GAP_S, MOVEMENT_S
from tests.support.chromium import look_at
from tests.support.signals import START_NS

SETTINGS = DetectorSettings()
PHONE, DESK = 390, 1280
LEGIBLE_PX = 10.5
MOMENTS = {"cramp": CRAMP_S[0] + 5, "movement": MOVEMENT_S[0] + 5, "gap": GAP_S[0] + 2, "quiet": 550.0, "learning": 3.0}


@pytest.fixture(scope="module")
def pages(night: JournalRecording) -> dict[str, str]:
    return {
        name: html(explain(night, SETTINGS, START_NS + round(second * NS), 60.0)) for name, second in MOMENTS.items()
    }


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)).replace("\u00a0", " ")


def test_every_figure_stands_in_the_page_as_score_writes_it(pages: dict[str, str], night: JournalRecording) -> None:
    score = score_recording(night, SETTINGS)
    for name, scored in (("cramp", score.events[0]), ("movement", score.candidates[0])):
        told = text_of(pages[name])
        figures = msgspec.structs.asdict(scored.figures) | {
            field: getattr(scored, field) for field in ("id", "duration_s", "peak_uv", "mean_uv", "rest_uv")
        }
        for field, figure in figures.items():
            assert f"{field} {msgspec.json.encode(figure).decode().strip(chr(34))} " in told


def test_the_headline_and_every_condition_with_its_answer_are_told(
    pages: dict[str, str], night: JournalRecording
) -> None:
    told, scored = text_of(pages["movement"]), score_recording(night, SETTINGS).candidates[0]
    assert scored.figures.moving_fraction is not None
    assert "Rejected 15." in told
    assert f"muscle leads its motion in motion {100 * scored.figures.moving_fraction:.0f} % of the time" in told
    assert "It does not pause 0.3 s 0.2 s at most no" in told


def test_what_was_not_judged_is_told_with_its_cause(pages: dict[str, str]) -> None:
    assert "23:07:19.9 to 23:07:25.4: no data" in text_of(pages["gap"])
    assert "learning the resting level" in text_of(pages["learning"])


def test_the_marks_name_onset_suspicion_decision_and_end_in_order(night: JournalRecording) -> None:
    def rows(second: float) -> list[str]:
        explanation = explain(night, SETTINGS, START_NS + round(second * NS), 60.0)
        return [mark.row for mark in picture.marks(explanation)]

    assert rows(MOMENTS["cramp"]) == ["asked about", "onset", "suspected", "confirmed", "end"]
    assert rows(MOMENTS["movement"]) == ["asked about", "onset", "suspected", "end", "rejected"]
    assert rows(MOMENTS["quiet"]) == ["asked about"]


def test_pictures_leave_every_colour_to_the_style_sheet(pages: dict[str, str]) -> None:
    for page in pages.values():
        body = page.partition("</style>")[2]
        assert re.findall(r"#[0-9a-f]{6}\b", body) == []
        used = set(re.findall(r"var\((--[a-z-]+)\)", body))
        dark = page.partition("prefers-color-scheme: dark")[2].partition("</style>")[0]
        assert used <= set(re.findall(r"(--[a-z-]+):", dark))


def test_the_same_moment_gives_the_same_page_to_the_byte(pages: dict[str, str], night: JournalRecording) -> None:
    assert html(explain(night, SETTINGS, START_NS + round(MOMENTS["cramp"] * NS), 60.0)) == pages["cramp"]


def test_a_recordings_name_is_text_and_no_markup(night: JournalRecording) -> None:
    explanation = explain(night, SETTINGS, START_NS + round(550 * NS), 60.0)
    foreign = type(explanation)(
        **{field: getattr(explanation, field) for field in explanation.__slots__} | {"recording": "<script>.edf"}
    )
    assert "<script>" not in html(foreign)


def test_the_page_fits_a_phone_and_a_desk_and_asks_for_nothing(pages: dict[str, str], tmp_path: Path) -> None:
    for name in ("cramp", "gap"):
        looks, requests = look_at(pages[name], (PHONE, DESK), tmp_path)
        assert requests == []
        for look, width, shown in zip(looks, (PHONE, DESK), ("narrow", "wide"), strict=True):
            assert look.scroll_width <= width
            assert look.outside == []
            assert look.overlaps == []
            assert look.smallest_text_px is not None
            assert look.smallest_text_px >= LEGIBLE_PX
            assert look.pictures == [f"plot {shown}"]


@pytest.mark.parametrize("name", ["cramp", "quiet"])
def test_the_sheet_is_a_png_twice_as_wide_as_the_picture(night: JournalRecording, name: str) -> None:
    image = png(explain(night, SETTINGS, START_NS + round(MOMENTS[name] * NS), 60.0))
    assert image.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", image[16:24])
    assert 2 * 700 < width < 2 * 800
    assert height > width / 2


def test_nobody_is_named_in_what_may_be_sent_with_a_bug_report(pages: dict[str, str]) -> None:
    for page in pages.values():
        assert "left_calf" not in page
        assert "w1" not in text_of(page).split()
