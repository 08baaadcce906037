"""The pictures of the dashboards: what is simulated for them, and what they are made with. The drawing is looked at."""

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from PIL import Image

import dashboards.preview.__main__ as preview
from collector.contract.messages import NS, Health
from collector.simulator.night import Night, simulate_night
from collector.simulator.spec import NightSpec
from dashboards.preview.month import FS, LAST, NOT_RECORDED, Collected, Evening, evenings
from dashboards.preview.said import said_of
from detector.alarm.messages import Verdict
from detector.diary.entries import Latency
from tests.support.frames import event

FOLDER = Path(preview.__file__).parent


def a_night_with_gaps() -> tuple[Evening, Night]:
    night = simulate_night(NightSpec(seed=3, hours=1.0, fs=200, acc_fs=10, cramps=0, loss_per_hour=6.0))
    return evenings()[-1], night


def told_of(evening: Evening, night: Night) -> list[Health]:
    return list(Collected(evening, night).until(evening.start_ns + 3600 * NS))


def test_a_month_is_the_same_each_time_and_lacks_the_nights_that_were_not_recorded() -> None:
    assert evenings() == evenings()
    assert {evening.day.day for evening in evenings()} == set(range(1, LAST + 1)) - set(NOT_RECORDED)


def test_the_collector_tells_once_a_minute_and_goes_on_where_it_stopped() -> None:
    evening, night = a_night_with_gaps()
    collected = Collected(evening, night)
    first = list(collected.until(evening.start_ns + 600 * NS))
    rest = list(collected.until(evening.start_ns + 3600 * NS))
    assert [(health.t_ns - evening.start_ns) // NS for health in first + rest] == list(range(60, 3600, 60))
    assert first + rest == told_of(evening, night)


def test_the_samples_lost_are_those_of_the_simulated_gaps() -> None:
    evening, night = a_night_with_gaps()
    last = told_of(evening, night)[-1]
    assert len(night.gaps) > 0
    assert last.lost["emg"] == pytest.approx(FS * sum(end_s - start_s for start_s, end_s in night.gaps), abs=1)
    assert last.links[0].reconnects == len(night.gaps)


def test_what_is_said_of_a_night_is_the_same_each_time_and_in_order() -> None:
    evening, night = a_night_with_gaps()
    said = said_of(evening, night, [])
    assert said == said_of(evening, night, [])
    assert [it.t_ns for it in said] == sorted(it.t_ns for it in said)  # type: ignore[union-attr]  # none is a latency


def test_an_alert_is_answered_after_it_was_sounded_and_judged_by_what_was_simulated() -> None:
    """The night has no cramp, so whoever judges its alert finds that it was none."""
    evening, night = a_night_with_gaps()
    alert = event(600, "ended", end_s=640)
    told = [said_of(replace(evening, day=date(2026, 10, day)), night, [alert]) for day in range(1, 9)]
    latencies = [it for said in told for it in said if isinstance(it, Latency)]
    assert len(latencies) == 8
    assert all(it.delivered_ns < (it.sounded_ns or 0) < (it.acknowledged_ns or 0) for it in latencies)
    verdicts = {it.verdict for said in told for it in said if isinstance(it, Verdict)}
    assert verdicts == {"not"}


def test_the_empty_end_of_a_picture_is_cut_off_and_nothing_else() -> None:
    image = Image.new("RGB", (40, 100), "#111217")
    image.paste("white", (5, 10, 6, 61))
    cut = preview.without_empty_end(image)
    assert cut.size == (40, 61 + 8)
    assert cut.getpixel((5, 60)) == (255, 255, 255)


def test_without_its_bundle_it_says_how_to_make_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview, "BUNDLE", tmp_path)
    with pytest.raises(SystemExit, match="run `make preview`"):
        preview.main()


def test_what_npm_installs_is_pinned_and_checked_and_named_without_a_host() -> None:
    wanted = json.loads((FOLDER / "package.json").read_text())["dependencies"]
    locked = json.loads((FOLDER / "package-lock.json").read_text())["packages"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())
    assert {name: locked[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    installed = {name: package for name, package in locked.items() if name}
    assert all("integrity" in package and "resolved" not in package for package in installed.values())
    data = [name for name in installed if name.endswith("@grafana/data")]
    assert data == ["node_modules/@grafana/data"], "two copies do not share a theme: pin the version that ui wants"
