"""Looking at a page with a real browser: how it is laid out at a width, and what it asks the network for."""

import http.server
import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape
from pathlib import Path

import msgspec
import pytest

START_LIMIT_S = 120.0
THE_BROWSERS_OWN = ("clients2.google.com", "update.googleapis.com", "accounts.google.com")
"""Chromium's updater, clock and accounts, which no switch silences altogether; no page asks for them."""

MEASURE = """
const tolerance = 1.5;
const read = (page, width) => {
  const shown = element => element.getClientRects().length > 0;
  const box = element => {
    if (element instanceof page.defaultView.SVGElement) return element.getBoundingClientRect();
    const text = page.createRange(); text.selectNodeContents(element); return text.getBoundingClientRect();
  };
  const leaves = [...page.querySelectorAll('h1,h2,h3,p,li,th,td,dt,dd,figcaption,svg text')].filter(shown);
  const boxes = leaves.map(element => [element.textContent.trim(), box(element)]);
  const overlaps = [];
  boxes.forEach(([a, p], i) => boxes.slice(i + 1).forEach(([b, q]) => {
    const wide = Math.min(p.right, q.right) - Math.max(p.left, q.left);
    const high = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
    if (wide > tolerance && high > tolerance) overlaps.push(`${a} | ${b}`);
  }));
  return {
    width, scroll_width: page.documentElement.scrollWidth, overlaps,
    outside: boxes.filter(([, p]) => p.left < -tolerance || p.right > width + tolerance).map(([a]) => a),
    smallest_text_px: Math.min(...[...page.querySelectorAll('svg text')].filter(shown)
      .map(element => element.getBoundingClientRect().height)),
    pictures: [...page.querySelectorAll('svg')].filter(shown).map(svg => svg.getAttribute('class') || ''),
    text: page.body.innerText,
  };
};
window.addEventListener('load', () => {
  const found = [...document.querySelectorAll('iframe')].map(frame => read(frame.contentDocument, frame.clientWidth));
  document.body.textContent = btoa(unescape(encodeURIComponent(JSON.stringify(found))));
});
"""


class Look(msgspec.Struct, frozen=True):
    """What a browser makes of a page at one width, in CSS pixels."""

    width: float
    scroll_width: float
    overlaps: list[str]
    """Pairs of texts whose boxes overlap."""
    outside: list[str]
    """Texts that stick out on the left or right."""
    smallest_text_px: float | None
    """Height of the smallest text in a picture."""
    pictures: list[str]
    """The classes of the pictures that are shown."""
    text: str


def look_at(page: str, widths: Sequence[int], directory: Path) -> tuple[list[Look], list[str]]:
    """Open a page in a frame of each width: how it looks there, and what was asked of the network.

    A window of Chromium can not be as narrow as a phone, a frame can; to the page's styles it is the screen.
    Skips the test where there is no Chromium.
    """
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no chromium on this machine: the report was NOT looked at in a browser")
    around = directory / "around.html"
    frame = '<iframe srcdoc="{page}" style="width:{width}px;height:900px;border:0"></iframe>'
    frames = "".join(frame.format(page=escape(page), width=width) for width in widths)
    around.write_text(f"<!doctype html><body>{frames}<script>{MEASURE}</script>", encoding="utf-8")
    with _recording_proxy() as (address, requests):
        done = subprocess.run(
            [browser, *_options(address, directory / "profile"), "--dump-dom", around.as_uri()],
            capture_output=True, text=True, timeout=START_LIMIT_S, check=True,
        )  # fmt: skip
    encoded = done.stdout.rpartition("<body>")[2].partition("</body>")[0].strip()
    looks = msgspec.json.decode(msgspec.json.decode(f'"{encoded}"'.encode(), type=bytes), type=list[Look])
    return looks, [request for request in requests if not any(host in request for host in THE_BROWSERS_OWN)]


def _options(proxy: str, profile: Path) -> list[str]:
    """Every name and address goes to the proxy; what the browser does on its own account is switched off."""
    return [
        "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1400,1000",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
        "--disable-default-apps", f"--user-data-dir={profile}", "--virtual-time-budget=5000",
        f"--proxy-server={proxy}", "--proxy-bypass-list=<-loopback>",
    ]  # fmt: skip


@contextmanager
def _recording_proxy() -> Iterator[tuple[str, list[str]]]:
    """An HTTP proxy that notes what it is asked for and delivers nothing."""
    asked: list[str] = []

    class Refuse(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def do_CONNECT(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refuse)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
