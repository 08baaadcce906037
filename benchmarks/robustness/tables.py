"""What the limits page lays over its nights: one table for each kind of disturbance, stronger from row to row."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.robustness import disturbances
from benchmarks.robustness.night import Float, Night
from benchmarks.robustness.watching import Converter, blocks
from collector.contract.messages import SampleBlock

Disturbance = Callable[[Night, np.random.Generator], list[SampleBlock]]
"""A night as it arrives when something is wrong with it."""

HUM_FROM_S = 300.0
"""Before the first cramp of every night, and long enough for the resting level to be known without hum."""
SWELLS_S = 1800.0
HISS_S, LONG_HISS_S = 20.0, 300.0
CRACKLES_S = 180.0
BPM = 70.0


class Case(NamedTuple):
    """A row: what is laid over each night."""

    name: str
    disturb: Disturbance


class Table(NamedTuple):
    """A disturbance in several strengths; `text` tells what is done to the nights and nothing of the outcome."""

    title: str
    text: str
    cases: Sequence[Case]


def tables() -> list[Table]:
    """All of the page, in its order."""
    return [
        Table("Undisturbed", "The nights as they are.", [Case("nothing", lambda night, rng: blocks(night))]),
        hum(),
        hum_otherwise(),
        eight_bits(),
        rails(),
        heartbeats(),
        new_electrode(),
        jumps(),
        crackling(),
        hiss(),
        gaps(),
        accelerometer(),
    ]


def hum() -> Table:
    """Where between harmless and drowning cramps are lost."""
    text = "Mains at 50 Hz with two harmonics (a tenth and a quarter) from 5 min on; the fundamental's amplitude."
    amplitudes_uv = (10, 20, 25, 30, 35, 40, 45, 47, 48, 50, 60, 80, 100, 200)
    return Table("Hum", text, [_hum(f"{uv} µV", uv, 50.0) for uv in amplitudes_uv])


def hum_otherwise() -> Table:
    """Beside the nominal frequency, from the first sample on, swelling."""
    text = "The same at other frequencies, from the first sample on, and swelling evenly over half an hour."
    steady = [_hum(f"{uv} µV at {hz:g} Hz", uv, hz) for hz in (60.0, 49.7, 60.3) for uv in (20, 40, 60, 200)]
    at_once = [_hum(f"{uv} µV at 50 Hz from the first sample", uv, 50.0, from_s=0.0) for uv in (20, 40, 60, 200)]
    swelling = [_hum(f"swelling to {uv} µV at 49.7 Hz", uv, 49.7, fade_s=SWELLS_S) for uv in (40, 60, 200)]
    return Table("Hum of other kinds", text, steady + at_once + swelling)


def _hum(name: str, uv: float, hz: float, *, from_s: float = HUM_FROM_S, fade_s: float = 0.0) -> Case:
    def change(night: Night, rng: np.random.Generator) -> Float:
        return disturbances.hum(night.emg_uv, night.fs, uv, hz=hz, start_s=from_s, stop_s=night.seconds, fade_s=fade_s)

    return _heard(name, change)


def eight_bits() -> Table:
    """Coarse converters."""
    text = "A converter of 8 bits; the step is what one digit is worth."
    return Table(
        "Eight bits", text, [_converted(f"{uv} µV a digit", Converter(uv, -128, 127)) for uv in (1, 4, 8, 12, 16, 24)]
    )


def _converted(name: str, converter: Converter) -> Case:
    return Case(name, lambda night, rng: blocks(night, converter=converter))


def rails() -> Table:
    """Low rails."""
    text = "The converter's rails, plus and minus, as a multiple of the strongest cramp's RMS."
    return Table("Rails", text, [_rails(times) for times in (6.0, 4.0, 3.5, 3.0, 2.5, 2.0, 1.5, 1.0)])


def _rails(times: float) -> Case:
    def disturb(night: Night, rng: np.random.Generator) -> list[SampleBlock]:
        strongest_uv = max(night.strength_uv(cramp) for cramp in night.cramps)
        highest = round(times * strongest_uv / Converter.uv_per_digit)
        return blocks(night, converter=Converter(lowest=-highest, highest=highest))

    return Case(f"{times:.1f} times", disturb)


def heartbeats() -> Table:
    """A heart near the electrodes."""
    text = f"QRS complexes, {BPM:g} a minute, all night; the height of the peak."
    return Table("Heartbeats", text, [_heart(uv) for uv in (30, 60, 100, 150, 200, 300)])


def _heart(peak_uv: float) -> Case:
    def change(night: Night, rng: np.random.Generator) -> Float:
        return disturbances.heart(night.emg_uv, night.fs, rng, peak_uv=peak_uv, bpm=BPM)

    return _heard(f"{peak_uv:g} µV", change)


def new_electrode() -> Table:
    """Another gain, more noise."""
    text = (
        "In the middle of the longest pause between cramps: 0.3 s of handling, a pop of 2 mV, an offset, and from then"
        " on another gain or more noise (RMS)."
    )
    gains = [_reseated(f"gain of {gain:g}", gain, 0.0) for gain in (0.3, 0.5, 0.7, 1.3, 1.6, 2.0, 3.0, 4.0)]
    noises = [_reseated(f"{uv} µV more noise", 1.0, uv) for uv in (1, 2, 5, 10, 20)]
    return Table("Electrode put on anew", text, gains + noises)


def _reseated(name: str, gain: float, noise_uv: float) -> Case:
    def change(night: Night, rng: np.random.Generator) -> Float:
        return disturbances.reseat(night.emg_uv, night.fs, night.quiet_s, rng, gain=gain, noise_uv=noise_uv)

    return _heard(name, change)


def jumps() -> Table:
    """What the rule about jumps costs."""
    text = "One step of the signal's offset for each cramp, so long before or behind its onset."
    return Table(
        "Electrode jumps around the onset",
        text,
        [_jump(uv, after_s) for uv in (100, 300, 1000) for after_s in (-3.0, -0.5, 0.5, 3.0)],
    )


def _jump(step_uv: float, after_s: float) -> Case:
    def change(night: Night, rng: np.random.Generator) -> Float:
        emg_uv = night.emg_uv
        for k, cramp in enumerate(night.cramps):
            # Up and down in turn, as the offsets together have to stay far from the rails.
            emg_uv = disturbances.jump(emg_uv, night.fs, cramp.onset_s + after_s, step_uv * (-1) ** k)
        return emg_uv

    return _heard(f"{step_uv:g} µV, {abs(after_s):g} s {'behind' if after_s > 0 else 'before'}", change)


def crackling() -> Table:
    """A loose contact."""
    text = (
        "Three minutes, in the longest pause between cramps, of an offset that jumps to anywhere within these limits."
    )
    return Table("Crackling", text, [_crackle(uv, per_s) for uv in (50, 200, 1000) for per_s in (3, 10, 50)])


def _crackle(step_uv: float, per_s: float) -> Case:
    def change(night: Night, rng: np.random.Generator) -> Float:
        begins_s, ends_s = night.quiet_s, night.quiet_s + CRACKLES_S
        return disturbances.crackle(night.emg_uv, night.fs, begins_s, ends_s, rng, step_uv=step_uv, per_s=per_s)

    return _heard(f"± {step_uv:g} µV, {per_s:g} a second", change)


def hiss() -> Table:
    """An open input."""
    text = (
        "White noise of this RMS in place of the signal, in the longest pause between cramps; it begins without a pop."
    )
    return Table("Hiss", text, [_hiss(uv, seconds) for seconds in (HISS_S, LONG_HISS_S) for uv in (5, 20, 200)])


def _hiss(uv: float, seconds: float) -> Case:
    def change(night: Night, rng: np.random.Generator) -> Float:
        noise = rng.normal(0, uv, round(seconds * night.fs))
        return disturbances.replaced(night.emg_uv, night.fs, night.quiet_s, night.quiet_s + seconds, noise)

    return _heard(f"{uv:g} µV for {seconds:g} s", change)


def gaps() -> Table:
    """A bad radio link."""
    text = "Both streams lost, again and again all night."
    lost_and_every_s = ((0.1, 5), (0.1, 1), (0.5, 5), (1, 10), (3, 31), (8, 61), (20, 130))
    return Table("Gaps", text, [_gaps(lost_s, every_s) for lost_s, every_s in lost_and_every_s])


def _gaps(lost_s: float, every_s: int) -> Case:
    def disturb(night: Night, rng: np.random.Generator) -> list[SampleBlock]:
        return blocks(night, gaps=[(at_s, at_s + lost_s) for at_s in range(every_s, int(night.seconds), every_s)])

    return Case(f"{lost_s:g} s every {every_s} s", disturb)


def accelerometer() -> Table:
    """Motion unknown."""
    text = "The accelerometer's stream is absent."
    return Table("No accelerometer", text, [Case("absent", lambda night, rng: blocks(night, motion=None))])


def _heard(name: str, change: Callable[[Night, np.random.Generator], Float]) -> Case:
    """A row of which only the EMG is disturbed."""
    return Case(name, lambda night, rng: blocks(night.heard(change(night, rng))))


def ends(rows: Iterable[Table]) -> list[Table]:
    """The first and the last case of each table."""
    return [table._replace(cases=[table.cases[0], *table.cases[1:][-1:]]) for table in rows]
