"""Takes the pictures of the page from a browser, on a phone's screen: `.venv/bin/python docs/pictures/make_page.py`.

What the alarm says is made up, in the catalogue's words; the night is one of the tests'.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

PROJECT = Path(__file__).parents[2]
sys.path.insert(0, str(PROJECT))  # called as a file, it would find the project's packages only where they are installed

from PIL import Image  # noqa: E402

from collector.contract.messages import NS  # noqa: E402
from detector.alarm.messages import FaultKind, FaultTold  # noqa: E402
from detector.catalogue import load  # noqa: E402
from detector.muscles import alert_sentence  # noqa: E402
from tests.crampwatch.page.browser import Browser, running_browser  # noqa: E402
from tests.crampwatch.page.home import NEAR_MISS, THREE, PageAtHome, post, served  # noqa: E402
from tests.support.frames import event  # noqa: E402

HERE = Path(__file__).parent
CATALOGUE = load("en")
MINUTE_NS = 60 * NS
AT_THREE = event(15_148, "ended", end_s=15_242)
"""From 03:12:28 to 03:14:02; the session begins at 23:00."""
W1 = {"place": "w1/left_calf"}
COLOURS = 64


def main() -> None:
    """Each view once."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        home = PageAtHome(folder)
        with served(home.page) as address, running_browser(folder / "profile") as browser:
            states(home, address, browser)
            diary(home, address, browser)


def states(home: PageAtHome, address: str, browser: Browser) -> None:
    """The first view: quiet, during an alert, snoozed, with a fault."""
    home.now_ns = THREE - 24 * NS
    home.tell("WATCHING", text=CATALOGUE.say("state.WATCHING"), since_ns=THREE - 228 * MINUTE_NS)
    home.now_ns = THREE
    take(browser, address, "page-watching.png")
    home.alert()
    home.tell("ALERT", sounding="cramp", text=alert_sentence("left_calf", 12, CATALOGUE), since_ns=THREE)
    home.now_ns += 4 * NS
    take(browser, address, "page-alert.png")
    home.now_ns += 50 * NS
    quiet = CATALOGUE.say("ending.SNOOZED_cramp", time="03:43")
    home.tell("SNOOZED", text=f"{CATALOGUE.say('state.SNOOZED')} {quiet}", since_ns=home.now_ns - 20 * NS)
    take(browser, address, "page-snoozed.png")
    home.now_ns = THREE + 40 * MINUTE_NS - 30 * NS
    wrong = [fault("electrode_off", home.now_ns - 3 * MINUTE_NS), fault("battery", home.now_ns - MINUTE_NS)]
    told = f"{wrong[0].title} {wrong[0].cure}"
    # A fault has half a minute to mend itself before it is one.
    home.tell("FAULT", sounding="fault", text=told, faults=wrong, since_ns=wrong[0].since_ns + 30 * NS)
    take(browser, address, "page-fault.png")


def diary(home: PageAtHome, address: str, browser: Browser) -> None:
    """What is entered, and the night it belongs to."""
    browser.open(f"{address}/cramp")
    browser.click("#clock")
    browser.write("0205")
    browser.click("[name=pain][value='6']")
    browser.js("document.activeElement.blur(); scrollTo(0, 0)")
    browser.picture(HERE / "page-cramp.png")
    smaller(HERE / "page-cramp.png")
    path = home.record(AT_THREE, NEAR_MISS, minutes=450)
    home.page.answer(post("/cramp", {**W1, "clock": "0205", "pain": "6", "minutes": "2", "leg": "right"}))
    home.page.answer(post("/evening", {**W1, "night": "2026-11-19", "exercise": "ran 8 km"}))
    home.page.answer(post("/verdict", {**W1, "event_id": AT_THREE.id, "verdict": "cramp"}))
    take(browser, f"{address}{path}", "page-night.png")


def fault(kind: FaultKind, since_ns: int) -> FaultTold:
    """Something that is wrong."""
    title, cure = CATALOGUE.say(f"fault.{kind}.title"), CATALOGUE.say(f"fault.{kind}.cure")
    return FaultTold(kind=kind, since_ns=since_ns, title=title, cure=cure)


def take(browser: Browser, address: str, name: str) -> None:
    """The top of a view."""
    browser.open(address)
    browser.picture(HERE / name)
    smaller(HERE / name)


def smaller(path: Path) -> None:
    """A few flat colours need no more than a palette."""
    with Image.open(path) as picture:
        flat = picture.convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    flat.save(path, optimize=True)


if __name__ == "__main__":
    main()
