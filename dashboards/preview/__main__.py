"""`python -m dashboards.preview`: the dashboards as pictures, from a simulated month in a real InfluxDB.

Needs the page's bundle, which `make preview` has npm and esbuild make from what `package-lock.json` pins.
"""

import json
import shutil
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from PIL import Image, ImageChops

from collector.contract.messages import NS
from dashboards.__main__ import PROJECT
from dashboards.preview.month import PLACE, ZONE, Recorded, evenings, moment_of_looking
from dashboards.preview.said import said_of
from detector.diary.diary import Diary
from detector.store import NightStore
from tests.dashboards.grafana import Json, Visit, dashboards
from tests.dashboards.home import deliver, diary_beside
from tests.support.influx import INFLUXD, NGINX, InfluxServer, running_influx

BUNDLE = PROJECT / ".cache" / "preview"
PICTURES_FOLDER = PROJECT / "docs" / "pictures" / "dashboards"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BUCKET = "preview"
BEHIND = timedelta(seconds=14)
"""How old the last sample is when it can be seen: it is filed every 10 s and asked for every 5 s."""
MORNING = datetime(2026, 10, 31, 7, 0, tzinfo=ZONE)
COLOURS = 256
"""Of a palette: a third of the bytes. Chosen for coverage, so that a thin amber line stays amber."""
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<link rel="stylesheet" href="{bundle}/page.css"><body><div id="root"></div>
<script>window.preview = {preview};</script><script src="{bundle}/page.js"></script>"""


class Picture(NamedTuple):
    """A dashboard in a theme, at a width in pixels; what is below the height is left out."""

    file: str
    uid: str
    mode: str = "dark"
    width: int = 1280
    height: int = 4200


PICTURES = (
    Picture("morning.png", "crampwatch-morning"),
    Picture("morning-light.png", "crampwatch-morning", "light", height=1200),
    Picture("morning-phone.png", "crampwatch-morning", width=390, height=1600),
    Picture("trend.png", "crampwatch-trend"),
    Picture("live.png", "crampwatch-live"),
    Picture("technical.png", "crampwatch-technical"),
)


def main() -> None:
    """Simulate, ask, draw."""
    if not (BUNDLE / "page.js").exists():
        sys.exit(f"{BUNDLE}/page.js is not there: run `make preview`")
    if INFLUXD is None or NGINX is None:
        sys.exit("the pictures need influxd and nginx; on Debian: apt-get install influxdb nginx-light")
    with TemporaryDirectory() as name:
        folder = Path(name)
        with running_influx(folder) as server:
            looks = looked_at(server, folder)
        PICTURES_FOLDER.mkdir(exist_ok=True)
        for picture in PICTURES:
            taken(picture, looks[picture.uid], folder).save(PICTURES_FOLDER / picture.file, optimize=True)


def looked_at(server: InfluxServer, folder: Path) -> dict[str, Json]:
    """What each dashboard is given to show: Live during the last night, the others in the morning."""
    server.create_bucket(BUCKET)
    path = folder / "nights.sqlite"
    with NightStore(path) as store, Diary(diary_beside(path)) as diary:
        nights = evenings()
        for evening in nights[:-1]:
            recorded = Recorded(evening, folder)
            recorded.file(store)
            tell(diary, store, recorded)
        last = Recorded(nights[-1], folder)
        end_ns = last.file(store, moment_of_looking(last))
        deliver(path, server, BUCKET)
        now = datetime.fromtimestamp(end_ns / NS, ZONE) + BEHIND
        looks = {"crampwatch-live": shown(server, "crampwatch-live", now)}
        last.file(store)
        tell(diary, store, last)
        deliver(path, server, BUCKET)
    return looks | {uid: shown(server, uid, MORNING) for uid in dashboards() if uid not in looks}


def tell(diary: Diary, store: NightStore, recorded: Recorded) -> None:
    """Have people and alarm say something of a night that was filed."""
    evening = recorded.evening
    events = store.events(evening.start_ns, evening.start_ns + round(evening.hours * 3600 * NS))
    for said in said_of(evening, recorded.night, [event for event in events if event.was_alert]):
        diary.add(PLACE, said)


def shown(server: InfluxServer, uid: str, now: datetime) -> Json:
    """A dashboard with the answers to its queries, when it is opened and nothing is chosen."""
    visit = Visit(server, BUCKET, dashboards()[uid], now, {"wearer": PLACE.wearer})
    assert visit.span is not None
    start, end = (round(t.timestamp() * 1000) for t in visit.span)
    return {
        "timeZone": ZONE.key,
        "dashboard": visit.dashboard,
        "span": {"from": start, "to": end},
        "variables": visit.values,
        "answers": {
            panel["id"]: [answer._asdict() for answer in visit.answers(panel)] for panel in visit.dashboard["panels"]
        },
        "regions": [
            region for annotation in visit.dashboard["annotations"]["list"] for region in regions(visit, annotation)
        ],
    }


def regions(visit: Visit, annotation: Json) -> list[Json]:
    """The stretches that an annotation lays over the curves, in ms, if it is switched on."""
    if not annotation["enable"]:
        return []
    found: list[Json] = []
    for series in visit.ask(annotation["target"]["query"]):
        end = series["columns"].index(annotation["target"]["timeEndColumn"])
        found += [
            {"from": row[0] // 1_000_000, "to": row[end], "colour": annotation["iconColor"]} for row in series["values"]
        ]
    return found


def taken(picture: Picture, look: Json, folder: Path) -> Image.Image:
    """The page as a browser shows it."""
    browser = next((found for found in map(shutil.which, BROWSERS) if found), None)
    if browser is None:
        sys.exit("the pictures need Chromium; on Debian: apt-get install chromium")
    page, whole = folder / "page.html", folder / "whole.png"
    preview = json.dumps({**look, "mode": picture.mode, "width": picture.width}).replace("</", "<\\/")
    page.write_text(PAGE.format(title=picture.file, bundle=BUNDLE.as_uri(), preview=preview), encoding="utf-8")
    subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=20000",
         f"--window-size={picture.width},{picture.height}", f"--user-data-dir={folder / 'profile'}",
         f"--screenshot={whole}", page.as_uri()],
        check=True, capture_output=True,
    )  # fmt: skip
    with Image.open(whole) as image:
        cut = without_empty_end(image.convert("RGB"))
    return cut.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE)


def without_empty_end(image: Image.Image) -> Image.Image:
    """The image down to the last row that is not of the page's background, and a little more."""
    background = Image.new("RGB", image.size, image.getpixel((0, image.height - 1)))
    box = ImageChops.difference(image, background).getbbox()
    bottom = image.height if box is None else min(image.height, box[3] + 8)
    return image.crop((0, 0, image.width, bottom))


if __name__ == "__main__":
    main()
