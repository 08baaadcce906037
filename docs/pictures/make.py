"""Draws the pictures of the documentation, all from simulated nights: `.venv/bin/python docs/pictures/make.py`."""

import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import imread, imsave
from numpy.typing import NDArray

from collector.contract.recording import SCORING_BLOCK_S
from collector.contract.recordings import open_recording
from collector.simulator.edf import write_night
from collector.simulator.night import simulate_night
from collector.simulator.spec import NightSpec
from detector.events import Event
from detector.frames import Frames
from detector.pipeline import CrampDetector
from detector.settings import DetectorSettings

HERE = Path(__file__).parent
SETTINGS = DetectorSettings(shank_axis="x")
NS = 1e9

REPORT_SIZES = {"report.png": (1280, 1212), "report-phone.png": (390, 1100)}
"""A desk's and a phone's width; the height shows the summary and the beginning of the night."""
BELOW_PX = 600
"""Chromium leaves the lowest parts of a window unpainted; they are cut off."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome")

BEFORE_S, AFTER_S = 15.0, 85.0
FS = 250.0
LINE, REST, LIMIT, MOTION, TRUE = "#1f2933", "#7b8794", "#9c2a10", "#52667a", "#dde3ea"
"""Told apart in greyscale, too."""


class Judged(NamedTuple):
    """A simulated recording with what the detector made of it; times in seconds from its start."""

    t_s: NDArray[np.float64]
    emg_uv: NDArray[np.float64]
    frames: Frames
    frames_s: NDArray[np.float64]
    events: list[Event]
    start_ns: int

    def seconds(self, t_ns: int | None) -> float:
        """A moment, counted from the start."""
        return np.nan if t_ns is None else (t_ns - self.start_ns) / NS


class Example(NamedTuple):
    """One column of the figure: a simulated night, and the true contraction in it to look at."""

    title: str
    seed: int
    kind: str


EXAMPLES = (
    Example("a cramp", 3, "cramp"),
    Example("turning over", 1, "posture"),
)


def main() -> None:
    """Make every picture anew."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        draw_detector(folder).savefig(HERE / "detector.svg", metadata={"Date": None})
        page = report_of_the_demonstration(folder / "demo")
        for picture, (width, height) in REPORT_SIZES.items():
            take_screenshot(page, width, height, folder, HERE / picture)
        explain_longest(EXAMPLES[1], folder, HERE / "explain.png")


def explain_longest(example: Example, folder: Path, picture: Path) -> None:
    """What `crampwatch explain` says of the longest of what an example is about."""
    night = simulate_night(NightSpec(seed=example.seed, hours=0.5, fs=FS, cramps=1))
    path, _ = write_night(night, folder, stem="explained")
    longest = max(
        (span for span in night.truth.confounders if span.kind == example.kind),
        key=lambda span: span.end_s - span.onset_s,
    )
    recording = open_recording(path)
    middle_s = (longest.onset_s + longest.end_s) / 2
    moment = datetime.fromtimestamp(recording.start_ns / NS + middle_s, UTC).strftime("%H:%M:%S")
    subprocess.run(
        [sys.executable, "-m", "crampwatch", "explain", str(path), "--at", moment, "-o", str(picture)], check=True
    )


def report_of_the_demonstration(folder: Path) -> Path:
    """The morning report that `crampwatch demo` ends with."""
    subprocess.run([sys.executable, "-m", "crampwatch", "demo", "--out", str(folder)], check=True)
    return folder / "report.html"


def take_screenshot(page: Path, width: int, height: int, folder: Path, picture: Path) -> None:
    """The top of a page as a browser shows it."""
    browser = next((found for found in map(shutil.which, BROWSERS) if found), None)
    if browser is None:
        sys.exit("the pictures of the report need Chromium; on Debian: apt-get install chromium")
    whole = folder / "whole.png"
    subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=10000",
         f"--window-size={width},{height + BELOW_PX}", f"--user-data-dir={folder / 'profile'}",
         f"--screenshot={whole}", page.as_uri()],
        check=True, capture_output=True,
    )  # fmt: skip
    imsave(picture, imread(whole)[:height, :, :3])


def draw_detector(folder: Path) -> Figure:
    """What the detector sees of a cramp and of a movement: the samples, the envelope with its levels, the motion."""
    mpl.rcParams.update({"svg.hashsalt": "crampwatch", "font.size": 9, "axes.spines.top": False})
    figure = Figure(figsize=(10, 6), layout="constrained")
    columns = figure.subplots(3, len(EXAMPLES), sharex="col", sharey="row", height_ratios=(2, 3, 1.5))
    for example, axes in zip(EXAMPLES, columns.T, strict=True):
        draw_example(example, axes, folder)
    for axis, label in zip(columns[:, 0], ("EMG (µV)", "RMS envelope (µV)", "leg motion (mg)"), strict=True):
        axis.set_ylabel(label)
    columns[1, 1].legend(loc="upper right", fontsize=7)
    figure.suptitle("Simulated signals. Shaded: the true contraction.", fontsize=9)
    return figure


def draw_example(example: Example, axes: NDArray[np.object_], folder: Path) -> None:
    """One column: seconds from the true onset."""
    night, spans = judge(example, folder)
    onset_s, end_s = max(spans, key=lambda span: span[1] - span[0])
    event = max(night.events, key=lambda event: overlap_s(night, event, onset_s, end_s))
    signal, envelope, motion = axes
    near = (night.t_s > onset_s - BEFORE_S) & (night.t_s < onset_s + AFTER_S)
    signal.plot(night.t_s[near] - onset_s, night.emg_uv[near], color=LINE, linewidth=0.3, rasterized=True)
    draw_levels(envelope, night, onset_s)
    mark_stages(envelope, night, event, onset_s)
    motion.plot(night.frames_s - onset_s, night.frames.motion_mg, color=MOTION, linewidth=0.8)
    motion.axhline(SETTINGS.moving_mg, color=LIMIT, linestyle=":", linewidth=0.8)
    motion.set(xlim=(-BEFORE_S, AFTER_S), xlabel="seconds from the true onset")
    for axis in axes:
        axis.axvspan(0, end_s - onset_s, color=TRUE, zorder=0)
    outcome = "confirmed" if event.was_alert else event.stage
    signal.set_title(f"{example.title}: {outcome}\n{event.reason}", fontsize=9)


def overlap_s(night: Judged, event: Event, onset_s: float, end_s: float) -> float:
    """How long an event and a stretch of the truth last together."""
    return min(end_s, night.seconds(event.end_ns)) - max(onset_s, night.seconds(event.onset_ns))


def draw_levels(axis: Axes, night: Judged, onset_s: float) -> None:
    """The envelope, the resting level and both thresholds, on a logarithmic scale."""
    t_s, frames = night.frames_s - onset_s, night.frames
    release = np.maximum(SETTINGS.off_ratio * frames.rest_uv, frames.rest_uv + SETTINGS.off_margin_uv)
    axis.plot(t_s, frames.envelope_uv, color=LINE, linewidth=0.9, label="envelope")
    axis.plot(t_s, frames.threshold_uv, color=LIMIT, linestyle="--", linewidth=1, label="on-threshold")
    axis.plot(t_s, release, color=LIMIT, linestyle=":", linewidth=1, label="release threshold")
    axis.plot(t_s, frames.rest_uv, color=REST, linewidth=1.2, label="resting level")
    axis.set_yscale("log")


def mark_stages(axis: Axes, night: Judged, event: Event, onset_s: float) -> None:
    """A vertical line with a word for each stage of the event."""
    stages = {"onset": event.onset_ns, "confirmed": event.alerted_ns, "end": event.end_ns}
    for word, t_ns in stages.items():
        if t_ns is not None:
            at_s = night.seconds(t_ns) - onset_s
            axis.axvline(at_s, color=LINE, linewidth=0.7)
            axis.annotate(word, (at_s, 1.0), xycoords=("data", "axes fraction"), xytext=(2, -9),
                          textcoords="offset points", fontsize=7)  # fmt: skip


def judge(example: Example, folder: Path) -> tuple[Judged, list[tuple[float, float]]]:
    """Simulate and watch half an hour; also the true times of what the example is about."""
    spec = NightSpec(seed=example.seed, hours=0.5, fs=FS, cramps=1)
    night = simulate_night(spec)
    path, _ = write_night(night, folder, stem=example.kind)
    truths = night.truth.cramps if example.kind == "cramp" else night.truth.confounders
    spans = [(span.onset_s, span.end_s) for span in truths if example.kind in ("cramp", span.kind)]
    recording = open_recording(path)
    detector = CrampDetector(recording.place, recording.session, tuple(recording.streams), SETTINGS)
    events: dict[str, Event] = {}
    for block in recording.blocks(SCORING_BLOCK_S):
        events.update((event.id, event) for event in detector.push(block))
    events.update((event.id, event) for event in detector.finish())
    frames = detector.take_frames()
    assert frames is not None
    emg_uv = night.emg[0] * night.emg_uv_per_lsb
    return Judged(
        t_s=np.arange(len(emg_uv)) / FS,
        emg_uv=emg_uv - np.median(emg_uv),
        frames=frames,
        frames_s=(frames.t_ns - recording.start_ns) / NS,
        events=list(events.values()),
        start_ns=recording.start_ns,
    ), spans


if __name__ == "__main__":
    main()
