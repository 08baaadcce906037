"""The page in a real browser on a phone's screen: clicked through, by mouse, by keyboard, and without a script."""

import re
from collections.abc import Iterator
from typing import get_args
from urllib.parse import urlsplit

import pytest

from collector.contract.messages import NS
from crampwatch.page.key import PageKey, digest_of
from detector.alarm.messages import Command, EveningNote, FaultKind, FaultTold, FeltCramp, Verdict
from detector.catalogue import Catalogue, load
from detector.muscles import alert_sentence
from tests.crampwatch.page.browser import PHONE, Browser
from tests.crampwatch.page.home import BATTERY, CRAMP, EVENT, NEAR_MISS, STRETCH, PageAtHome, moment, post, served

ON_PHONE = "w1-left_calf"
SMALLEST_TARGET_PX = 44
"""WCAG 2.2, 2.5.5: what a finger hits."""
VIEWS = ("/", "/nights", "/cramp", "/evening", "/nights/w1/left_calf/2026-11-19")
SPOT = "[it.getBoundingClientRect().top, it.getBoundingClientRect().bottom]"
TARGETS = "[...document.querySelectorAll('button, summary, nav a, input:not([type=hidden]), select, textarea')]"


@pytest.fixture(autouse=True)
def nothing_leaves_the_machine_and_nothing_is_complained_of(browser: Browser, address: str) -> Iterator[None]:
    yield
    browser.js("0")  # whatever the browser still has to say comes before the answer
    # The browser draws the date field's symbol from a `data:` address, which holds what it stands for.
    assert {urlsplit(asked).netloc for asked in browser.asked if not asked.startswith("data:")} <= {
        urlsplit(address).netloc
    }
    assert browser.complaints == []


def test_no_request_of_any_view_leaves_the_machine(home: PageAtHome, address: str, browser: Browser) -> None:
    home.record(CRAMP, NEAR_MISS)
    home.alert()
    for view in VIEWS:
        browser.open(f"{address}{view}")
    asked = [urlsplit(url) for url in browser.asked if not url.startswith("data:")]
    assert {url.path for url in asked} >= {*VIEWS, "/page.css", "/page.js"}
    assert {url.hostname for url in asked} == {"127.0.0.1"}


@pytest.fixture(params=[True, False], ids=["with script", "without script"])
def phone(browser: Browser, request: pytest.FixtureRequest) -> Browser:
    browser.scripts(allowed=request.param)
    return browser


def test_an_alert_is_answered_with_one_touch(home: PageAtHome, address: str, phone: Browser) -> None:
    home.alert()
    phone.open(address)
    assert "Possible calf cramp for 12 s." in phone.text
    phone.follow(f"#{ON_PHONE}-ack")
    (command,) = home.said(Command)
    assert (command.do, command.minutes, command.by) == ("ack", None, "page")
    assert "waiting for the alarm" in phone.text


@pytest.mark.parametrize(("button", "minutes"), [("10", 10), ("30", 30), ("60", 60), ("morning", None)])
def test_each_snooze_is_one_touch(
    home: PageAtHome, address: str, browser: Browser, button: str, minutes: int | None
) -> None:
    home.alert()
    browser.open(address)
    browser.follow(f"#{ON_PHONE}-snooze-{button}")
    assert [(command.do, command.minutes) for command in home.said(Command)] == [("snooze", minutes)]


@pytest.mark.parametrize(
    ("state", "button", "do"),
    [
        ("WATCHING", "mute", "mute"),
        ("MUTED", "mute", "unmute"),
        ("WATCHING", "arm", "disarm"),
        ("DISARMED", "arm", "arm"),
    ],
)
def test_mute_and_disarm_are_undone_where_they_were_done(
    home: PageAtHome, address: str, browser: Browser, state: str, button: str, do: str
) -> None:
    home.tell(state, until_ns=home.now_ns + 3600 * NS)
    browser.open(address)
    browser.follow(f"#{ON_PHONE}-{button}")
    assert [command.do for command in home.said(Command)] == [do]


def test_the_alert_is_judged_and_may_be_judged_anew(home: PageAtHome, address: str, phone: Browser) -> None:
    home.alert()
    phone.open(address)
    for verdict in ("cramp", "not", "unsure"):
        phone.follow(f"#{ON_PHONE}-verdict-{verdict}")
        assert phone.js(f"document.getElementById('{ON_PHONE}-verdict-{verdict}').ariaPressed") == "true"
    assert [(said.event_id, said.verdict) for said in home.said(Verdict)] == [
        (EVENT, "cramp"),
        (EVENT, "not"),
        (EVENT, "unsure"),
    ]


def test_what_was_turned_down_is_unfolded_and_judged_and_one_is_back_where_one_was(
    home: PageAtHome, address: str, phone: Browser
) -> None:
    phone.open(f"{address}{home.record(CRAMP, NEAR_MISS)}")
    assert "the leg was moving" not in phone.text
    phone.click("#candidates")
    assert "the leg was moving" in phone.text
    phone.follow("#candidate-1-cramp")
    assert [(said.event_id, said.verdict) for said in home.said(Verdict)] == [(NEAR_MISS.id, "cramp")]
    assert phone.js("document.getElementById('candidate-1-cramp').ariaPressed") == "true"
    spot = phone.js("document.getElementById('candidate-1-cramp').getBoundingClientRect().toJSON()")
    assert 0 <= spot["top"] < spot["bottom"] <= PHONE[1]


def test_what_was_turned_down_is_judged_by_keyboard_alone(home: PageAtHome, address: str, browser: Browser) -> None:
    browser.open(f"{address}{home.record(CRAMP, NEAR_MISS)}")
    tab_to(browser, "candidates")
    browser.press("Enter")
    tab_to(browser, "candidate-1-not")
    browser.press(" ", leads_away=True)
    assert [(said.event_id, said.verdict) for said in home.said(Verdict)] == [(NEAR_MISS.id, "not")]


def test_a_cramp_is_entered_afterwards(home: PageAtHome, address: str, phone: Browser) -> None:
    phone.open(f"{address}/cramp")
    phone.click("#clock")
    phone.write("0205")
    phone.click("[name=pain][value='7']")
    phone.click("#minutes")
    phone.write("2")
    phone.click("[name=leg][value=left]")
    phone.js("document.getElementById('muscle').value = 'calf'")
    phone.click("#note")
    phone.write("während ich mich drehte")
    phone.follow("#save")
    (cramp,) = home.said(FeltCramp)
    assert (cramp.felt_ns, cramp.pain, cramp.duration_s, cramp.leg, cramp.muscle, cramp.note) == (
        moment("2026-11-20 02:05"), 7, 120, "left", "calf", "während ich mich drehte",
    )  # fmt: skip
    assert "02:05, pain 7 of 10, 2 min, left, Calf, während ich mich drehte" in phone.text
    assert phone.js("document.getElementById('entered').getBoundingClientRect().top") < PHONE[1]


def test_the_evening_is_noted(home: PageAtHome, address: str, phone: Browser) -> None:
    phone.open(f"{address}/evening")
    phone.click("#coffee")
    phone.write("two, late")
    phone.follow("#save")
    (note,) = home.said(EveningNote)
    assert (note.night.isoformat(), note.coffee) == ("2026-11-19", "two, late")
    assert "two, late" in phone.text


def test_a_nights_report_is_opened_and_shows_its_pictures(home: PageAtHome, address: str, browser: Browser) -> None:
    home.record(CRAMP, STRETCH)
    browser.open(f"{address}/nights")
    browser.follow(".list a")
    browser.follow("#report")
    assert "Night of 19 November" in browser.text
    assert browser.js("document.querySelectorAll('svg.plot').length") > 2
    # The style sheet has come through the policy: the page's own background, and a picture's own line.
    assert browser.js("getComputedStyle(document.querySelector('.figures')).display") == "grid"
    assert browser.js("getComputedStyle(document.querySelector('svg.plot path[style]')).strokeLinejoin") != ""


def test_the_page_follows_the_alarm_by_itself_and_the_focus_stays(
    home: PageAtHome, address: str, browser: Browser
) -> None:
    home.tell("WATCHING")
    browser.open(address)
    browser.js(f"document.getElementById('{ON_PHONE}-ack').focus()")
    home.alert()
    browser.until("document.title.startsWith('Possible cramp')")
    assert "Possible calf cramp for 12 s." in browser.text
    assert browser.js("document.activeElement.id") == f"{ON_PHONE}-ack"
    assert "Possible cramp" in browser.js(f"document.getElementById('{ON_PHONE}-aloud').textContent")


def test_a_page_without_a_connection_says_that_what_it_shows_is_old(home: PageAtHome, browser: Browser) -> None:
    home.tell("WATCHING")
    with served(home.page) as there:
        browser.open(there)
        browser.js("look()")
        assert browser.js("document.getElementById('lost').hidden")
    browser.js("look()")
    assert "No connection to crampwatch." in browser.text
    assert re.search(r"Last seen at: \d\d:\d\d\b", browser.text)
    browser.fresh()  # it complains of the server that was switched off, as it should


def test_without_a_script_the_page_loads_itself_anew(address: str, browser: Browser) -> None:
    browser.scripts(allowed=False)
    browser.open(address)
    assert browser.js("document.querySelector('noscript meta').httpEquiv") == "refresh"


def test_nothing_moves_under_a_finger(home: PageAtHome, address: str, browser: Browser) -> None:
    home.tell("WATCHING")
    browser.open(address)
    browser.js("dispatchEvent(new PointerEvent('pointerdown'))")
    home.tell("FAULT", faults=[BATTERY])
    browser.js("look()")
    assert "Watching" in browser.text
    browser.js("dispatchEvent(new PointerEvent('pointerup'))")
    browser.js("look()")
    assert BATTERY.title in browser.text


@pytest.mark.parametrize("path", VIEWS)
def test_every_view_fits_the_screen_and_every_target_is_as_large_as_a_finger(
    home: PageAtHome, address: str, browser: Browser, path: str
) -> None:
    home.record(CRAMP, STRETCH, NEAR_MISS)
    home.alert()
    browser.open(f"{address}{path}")
    browser.js("document.querySelectorAll('details').forEach(it => { it.open = true; })")
    for width in (320, PHONE[0], 1280):
        browser.size(width, 844)
        assert browser.js("document.documentElement.scrollWidth") <= width
        targets = browser.js(
            f"{TARGETS}.map(it => [it.offsetWidth, it.offsetHeight, it.id || it.name || it.innerText])"
        )
        assert targets
        assert [name for wide, high, name in targets if min(wide, high) < SMALLEST_TARGET_PX] == []


def test_on_a_phone_the_state_and_the_answer_are_seen_without_scrolling(
    home: PageAtHome, address: str, browser: Browser
) -> None:
    home.alert()
    browser.open(address)
    nav = browser.js("document.querySelector('nav').getBoundingClientRect().top")
    for part in ("state", "ack", "snooze-morning"):
        assert browser.js(f"document.getElementById('{ON_PHONE}-{part}').getBoundingClientRect().bottom") < nav


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("screen", [(360, 740), (412, 915)])
def test_the_buttons_stay_where_they_are_whatever_happens(
    tmp_path_factory: pytest.TempPathFactory, browser: Browser, language: str, screen: tuple[int, int]
) -> None:
    home = PageAtHome(tmp_path_factory.mktemp("home"), language=language)
    browser.size(*screen)
    spots: dict[str, list[list[float]]] = {}
    with served(home.page) as there:
        for state in whatever_happens(home, load(language)):
            browser.open(there)
            spots[state] = browser.js(f"[...document.querySelectorAll('.actions button')].map(it => {SPOT})")
            assert browser.js("document.documentElement.scrollWidth") <= screen[0], state
        nav = browser.js("document.querySelector('nav').getBoundingClientRect().top")
    assert [state for state, spot in spots.items() if spot != spots["quiet"]] == []
    top, bottom = spots["quiet"][0]
    assert screen[1] * 0.4 < top < bottom < nav  # the lower part, where a thumb reaches
    browser.asked.clear()


def test_word_of_a_lost_connection_moves_no_button(home: PageAtHome, browser: Browser) -> None:
    home.tell("WATCHING")
    with served(home.page) as there:
        browser.open(there)
        before = browser.js(f"[document.getElementById('{ON_PHONE}-ack')].map(it => {SPOT})")
    browser.js("look()")
    assert "No connection to crampwatch." in browser.text
    assert browser.js(f"[document.getElementById('{ON_PHONE}-ack')].map(it => {SPOT})") == before
    browser.fresh()


def test_by_keyboard_alone_an_alert_is_answered_judged_and_a_cramp_entered(
    home: PageAtHome, address: str, browser: Browser
) -> None:
    home.alert()
    browser.open(address)
    browser.press("Tab")
    assert browser.js("document.activeElement.className") == "skip"
    browser.press("Enter")
    tab_to(browser, f"{ON_PHONE}-ack")
    assert browser.js("getComputedStyle(document.activeElement).outlineStyle") != "none"
    browser.press("Enter", leads_away=True)
    tab_to(browser, f"{ON_PHONE}-verdict-cramp")
    browser.press(" ", leads_away=True)
    assert [command.do for command in home.said(Command)] == ["ack"]
    assert [said.verdict for said in home.said(Verdict)] == ["cramp"]
    tab_to(browser, "", "document.activeElement.getAttribute('href') === '/cramp'")
    browser.press("Enter", leads_away=True)
    tab_to(browser, "", "document.activeElement.name === 'when'")
    browser.press("ArrowRight")
    tab_to(browser, "", "document.activeElement.name === 'pain'")
    browser.press(" ")
    tab_to(browser, "save")
    browser.press("Enter", leads_away=True)
    (cramp,) = home.said(FeltCramp)
    assert (home.now_ns - cramp.felt_ns, cramp.pain) == (10 * 60 * NS, 1)


def test_who_asks_for_less_motion_gets_none(home: PageAtHome, address: str, browser: Browser) -> None:
    home.alert()
    moving = "getComputedStyle(document.querySelector('.mark')).animationName"
    browser.open(address)
    assert browser.js(moving) != "none"
    browser.prefer("prefers-reduced-motion", "reduce")
    assert browser.js(moving) == "none"


def test_a_device_is_let_in_by_its_link_and_others_are_not(
    tmp_path_factory: pytest.TempPathFactory, address: str, browser: Browser
) -> None:
    locked = PageAtHome(tmp_path_factory.mktemp("locked"), key=PageKey(digest_of("the-key")))
    with served(locked.page) as there:
        browser.open(there)
        assert "needs the page's key" in browser.text
        browser.open(f"{there}/enter?key=the-key")
        browser.until(f"location.href === '{there}/'")
        browser.arrive()
        browser.follow(f"#{ON_PHONE}-ack")
        assert browser.js("document.cookie") == ""
        assert [command.do for command in locked.said(Command)] == ["ack"]
    browser.asked = [asked for asked in browser.asked if not asked.startswith(there)]
    browser.complaints = [told for told in browser.complaints if "403" not in told]


def whatever_happens(home: PageAtHome, catalogue: Catalogue) -> Iterator[str]:
    """Each state with what it says at its longest, and all that may be shown beside it."""
    hours_ago = home.now_ns - 228 * 60 * NS
    everything = [fault(kind, catalogue) for kind in get_args(FaultKind)]
    home.tell("WATCHING", since_ns=hours_ago)
    yield "quiet"
    home.tell("WATCHING", since_ns=hours_ago, text=catalogue.say("ending.unanswered"), unanswered=True)
    yield "unanswered"
    home.alert()
    for site in ("calf", "shin", "foot", "hamstring", "neck"):
        text = alert_sentence(site, 12, catalogue)
        home.tell("ALERT", sounding="cramp", text=text, since_ns=hours_ago, faults=everything[:3])
        yield f"alert, {site}"
    home.page.answer(post("/command", {"place": "w1/left_calf", "do": "ack"}))
    yield "answered, and not taken up yet"
    for it in everything:
        home.tell("FAULT", sounding="fault", text=f"{it.title} {it.cure}", since_ns=hours_ago, faults=[it])
        yield it.kind
    home.tell("FAULT", sounding="fault", text=f"{it.title} {it.cure}", since_ns=hours_ago, faults=everything[-3:])
    yield "three faults"
    quiet = f"{catalogue.say('state.SNOOZED')} {catalogue.say('ending.SNOOZED_cramp', time='03:43')}"
    home.tell("SNOOZED", text=f"{quiet} {catalogue.say('ending.unanswered')}", unanswered=True, faults=everything[:3])
    yield "snoozed"
    home.tell("ALERT", text=alert_sentence("foot", 12, catalogue), t_ns=hours_ago, faults=everything[:3])
    yield "gone"


def fault(kind: FaultKind, catalogue: Catalogue) -> FaultTold:
    """Something that is wrong, in the alarm's own words."""
    title, cure = catalogue.say(f"fault.{kind}.title"), catalogue.say(f"fault.{kind}.cure")
    return FaultTold(kind=kind, since_ns=BATTERY.since_ns, title=title, cure=cure, detail="w1: as it says itself")


def tab_to(browser: Browser, id_: str, condition: str = "") -> None:
    """Press Tab until an element has the focus, as often as there are elements at most."""
    arrived = condition or f"document.activeElement.id === '{id_}'"
    for _ in range(40):
        browser.press("Tab")
        if browser.js(arrived):
            return
    raise AssertionError(f"Tab does not lead to {id_ or condition}")
