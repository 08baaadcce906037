"""What axe-core finds in each view: nothing, however small."""

from pathlib import Path

import pytest

from tests.crampwatch.page.browser import Browser
from tests.crampwatch.page.home import BATTERY, CRAMP, NEAR_MISS, STRETCH, PageAtHome, post, served

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
RUN = (
    "axe.run({resultTypes: ['violations']})"
    ".then(found => found.violations.map(it => [it.impact, it.id, it.nodes.map(node => node.html)]))"
)
STATES = ("ALERT", "FAULT", "DISARMED")
"""Each looks different from the others; what else there is, looks like WATCHING, which is among the views."""
W1 = {"place": "w1/left_calf"}


def violations(browser: Browser) -> list[tuple[str, str, list[str]]]:
    """All that axe-core has to say of the page that is open."""
    if not AXE.exists():
        pytest.skip("axe-core is not there: accessibility was NOT checked; run `npm ci` in tests/crampwatch/page")
    browser.js(AXE.read_text(encoding="utf-8") + ";0")
    found: list[tuple[str, str, list[str]]] = browser.js(RUN)
    return found


def test_axe_notices_what_is_wrong(browser: Browser, address: str) -> None:
    browser.open(address)
    browser.js("document.body.innerHTML = '<button></button><img src=\"/icon.svg\">'")
    assert {"button-name", "image-alt"} <= {rule for _, rule, _ in violations(browser)}


@pytest.mark.parametrize("state", STATES)
def test_no_state_has_an_issue(home: PageAtHome, address: str, browser: Browser, state: str) -> None:
    home.alert()
    home.tell(state, until_ns=home.now_ns, faults=[BATTERY], unanswered=True)
    browser.open(address)
    assert violations(browser) == []


@pytest.mark.parametrize(
    "path", ["/", "/nights", "/cramp", "/evening", "/nights/w1/left_calf/2026-11-19", "/nowhere", "/enter"]
)
def test_no_view_has_an_issue(home: PageAtHome, address: str, browser: Browser, path: str) -> None:
    home.record(CRAMP, STRETCH)
    home.page.answer(post("/cramp", {**W1, "pain": "7"}))
    home.page.answer(post("/evening", {**W1, "night": "2026-11-19", "coffee": "two"}))
    home.tell("WATCHING")
    home.page.answer(post("/verdict", {**W1, "event_id": CRAMP.id, "verdict": "cramp"}))
    browser.open(f"{address}{path}")
    assert violations(browser) == []


@pytest.mark.parametrize("unfolded", ["false", "true"])
def test_the_list_of_what_was_turned_down_has_no_issue_folded_or_not(
    home: PageAtHome, address: str, browser: Browser, unfolded: str
) -> None:
    browser.open(f"{address}{home.record(CRAMP, NEAR_MISS)}")
    browser.js(f"document.querySelector('details').open = {unfolded}")
    assert violations(browser) == []


def test_a_disk_that_takes_nothing_has_no_issue(tmp_path: Path, browser: Browser) -> None:
    with served(PageAtHome(tmp_path, takes_notes=lambda _: False).page) as there:
        browser.open(there)
        assert "Not known" in browser.text
        assert violations(browser) == []


def test_a_form_with_a_mistake_has_no_issue(address: str, browser: Browser) -> None:
    browser.open(f"{address}/cramp")
    browser.click("#clock")
    browser.write("2530")
    browser.follow("#save")
    assert "a time that has been" in browser.text
    assert violations(browser) == []
