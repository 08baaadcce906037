"""The page in Chromium: at a phone's and at a desk's width, with every request noted."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from detector.report import observe, render
from tests.support.chromium import look_at
from tests.support.nights import CLOCKS_GO_BACK, ONE_CRAMP, Night, earlier_nights

MORNING = datetime(2026, 3, 13, 7, 10, tzinfo=ZoneInfo("Europe/Berlin"))
PHONE, DESK = 390, 1280
LAYOUT = {PHONE: "narrow", DESK: "wide"}
LEGIBLE_PX = 10.5


@pytest.mark.parametrize("night", [ONE_CRAMP, CLOCKS_GO_BACK], ids=["one cramp", "clocks go back"])
def test_the_page_fits_asks_for_nothing_and_no_text_covers_another(night: Night, tmp_path: Path) -> None:
    page = render(night.record(), [observe(record) for record in earlier_nights(8)], MORNING)
    looks, requests = look_at(page, (PHONE, DESK), tmp_path)
    assert requests == []
    for look, width, other in zip(looks, (PHONE, DESK), (DESK, PHONE), strict=True):
        assert look.scroll_width <= width
        assert look.outside == []
        assert look.overlaps == []
        assert look.smallest_text_px is not None
        assert look.smallest_text_px >= LEGIBLE_PX
        assert f"plot {LAYOUT[width]}" in look.pictures
        assert f"plot {LAYOUT[other]}" not in look.pictures
        assert "Not a medical device" in look.text


def test_a_bad_page_would_be_noticed(tmp_path: Path) -> None:
    page = (
        '<img src="http://example.org/a.png"><img src="https://example.org/b.png">'
        '<p>under</p><p style="margin-top:-2em">over</p><p style="margin-left:380px">sticking-out</p>'
        '<svg viewBox="0 0 2000 100" width="100%"><text y="50" font-size="11">tiny</text></svg>'
    )
    (look,), requests = look_at(page, [PHONE], tmp_path)
    assert sorted(requests) == ["example.org:443", "http://example.org/a.png"]
    assert look.overlaps == ["under | over"]
    assert look.outside == ["sticking-out"]
    assert look.scroll_width > PHONE
    assert look.smallest_text_px is not None
    assert look.smallest_text_px < LEGIBLE_PX
