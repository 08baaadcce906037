"""A real Chromium without a window that does what a person does: look, click, type; by its DevTools protocol."""

import base64
import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect
from websockets.sync.connection import Connection

PHONE = (390, 844)
START_LIMIT_S = 60.0
ANSWER_LIMIT_S = 30.0
POLL_S = 0.02
KEYS = {"Tab": (9, ""), "Enter": (13, "\r"), " ": (32, " "), "ArrowRight": (39, ""), "ArrowDown": (40, "")}
"""The number by which a browser knows a key, and what it types."""
BOX = """(() => {
  const element = document.querySelector(%s); element.scrollIntoView({block: 'center', behavior: 'instant'});
  const box = element.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2];
})()"""


class Browser:
    """One page of a running browser. `asked` are the addresses it asked for, `complaints` what it had to say."""

    def __init__(self, socket: Connection) -> None:
        self._socket = socket
        self._count = 0
        self.asked: list[str] = []
        self.complaints: list[str] = []
        for domain in ("Page", "Runtime", "Network", "Log", "Accessibility"):
            self.do(f"{domain}.enable")
        self.size(*PHONE)

    def fresh(self) -> None:
        """As if nobody had used it before."""
        self.do("Page.navigate", url="about:blank")
        self.do("Network.clearBrowserCookies")
        self.scripts(allowed=True)
        self.size(*PHONE)
        self.prefer("prefers-reduced-motion", "no-preference")
        self.asked.clear()
        self.complaints.clear()

    def do(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol, and its answer."""
        self._count += 1
        self._socket.send(json.dumps({"id": self._count, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(timeout=ANSWER_LIMIT_S))
            if message.get("id") == self._count:
                assert "error" not in message, f"{method}: {message['error']}"
                result: dict[str, Any] = message["result"]
                return result
            self._note(message)

    def open(self, address: str) -> None:
        """Go to an address and wait until the page is there."""
        self.js("window.left = true")
        self.do("Page.navigate", url=address)
        self.arrive()

    def js(self, expression: str) -> Any:
        """The value of an expression in the page."""
        answer = self.do("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, f"{expression}: {answer['exceptionDetails']}"
        return answer["result"].get("value")

    def until(self, condition: str) -> None:
        """Wait for a condition in the page; a navigation may come in between."""
        deadline = time.monotonic() + ANSWER_LIMIT_S
        while time.monotonic() < deadline:
            try:
                if self.js(condition):
                    return
            except AssertionError:  # the page is just being exchanged
                pass
            time.sleep(POLL_S)
        raise AssertionError(f"waited in vain for {condition}; the page says: {self.text}")

    def arrive(self) -> None:
        """Wait for the page that follows a link or a form."""
        self.until("!window.left && document.readyState === 'complete'")

    def click(self, selector: str) -> None:
        """Bring an element into view and press the middle of it with the mouse."""
        x, y = self.js(BOX % json.dumps(selector))
        for kind in ("mousePressed", "mouseReleased"):
            self.do("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def follow(self, selector: str) -> None:
        """Click what leads to another page, and wait for that."""
        self.js("window.left = true")
        self.click(selector)
        self.arrive()

    def press(self, key: str, *, leads_away: bool = False) -> None:
        """Press a key of the keyboard."""
        if leads_away:
            self.js("window.left = true")
        number, text = KEYS[key]
        common: dict[str, Any] = {"key": key, "code": key if key != " " else "Space", "windowsVirtualKeyCode": number}
        self.do("Input.dispatchKeyEvent", type="keyDown", text=text, **common)
        self.do("Input.dispatchKeyEvent", type="keyUp", **common)
        if leads_away:
            self.arrive()

    def write(self, text: str) -> None:
        """Type into what has the focus."""
        self.do("Input.insertText", text=text)

    def size(self, width: int, height: int) -> None:
        """The screen, in CSS pixels."""
        self.do("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2, mobile=True)

    def scripts(self, *, allowed: bool) -> None:
        """Whether pages may run scripts."""
        self.do("Emulation.setScriptExecutionDisabled", value=not allowed)

    def prefer(self, feature: str, value: str) -> None:
        """What a person has asked of all pages, in the system's settings."""
        self.do("Emulation.setEmulatedMedia", features=[{"name": feature, "value": value}])

    def picture(self, path: Path) -> None:
        """What is on the screen, as a PNG."""
        path.write_bytes(base64.b64decode(self.do("Page.captureScreenshot", format="png")["data"]))

    @property
    def text(self) -> str:
        """What can be read on the page."""
        return str(self.js("document.body.innerText"))

    def _note(self, message: dict[str, Any]) -> None:
        match message.get("method"):
            case "Network.requestWillBeSent":
                self.asked.append(message["params"]["request"]["url"])
            case "Log.entryAdded":
                self.complaints.append(message["params"]["entry"]["text"])
            case "Runtime.exceptionThrown":
                self.complaints.append(str(message["params"]["exceptionDetails"]))


@contextmanager
def running_browser(folder: Path) -> Iterator[Browser]:
    """A browser with nothing of an earlier one; skips the test where there is no Chromium."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no chromium on this machine: the page was NOT clicked through")
    process = subprocess.Popen(
        [program, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-default-apps", "--hide-scrollbars",
         "--remote-debugging-port=0", f"--user-data-dir={folder}", "about:blank"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        # Without pings: a browser that is held up by a busy machine for twenty seconds is not gone.
        page = _page_of(folder / "DevToolsActivePort")
        with connect(page, max_size=None, compression=None, ping_interval=None) as socket:
            yield Browser(socket)
    finally:
        process.terminate()
        process.wait(START_LIMIT_S)


def _page_of(file: Path) -> str:
    """Where the browser's first page is driven from."""
    deadline = time.monotonic() + START_LIMIT_S
    while not (file.exists() and file.read_text().count("\n")):
        assert time.monotonic() < deadline, "Chromium did not start"
        time.sleep(POLL_S)
    port = file.read_text().split("\n", 1)[0]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=START_LIMIT_S) as answer:
        pages = [target for target in json.load(answer) if target["type"] == "page"]
    return str(pages[0]["webSocketDebuggerUrl"])
