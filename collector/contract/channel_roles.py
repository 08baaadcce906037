"""Which signals of a recording are the leg's EMG, its accelerometer and its temperature, going by label and unit."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from collector.contract.errors import BadRecording

Affine = tuple[float, float]
"""What turns a value into the unit we work in: (factor, summand)."""

EMG_UNITS: dict[str, Affine] = {"nv": (1e-3, 0.0), "uv": (1.0, 0.0), "mv": (1e3, 0.0), "v": (1e6, 0.0)}
"""To microvolts."""
ACC_UNITS: dict[str, Affine] = {
    "mg": (1.0, 0.0),
    "g": (1e3, 0.0),
    "m/s2": (1e3 / 9.80665, 0.0),  # standard gravity, CGPM 1901
    "m/s^2": (1e3 / 9.80665, 0.0),
}
"""To thousandths of standard gravity."""
TEMP_UNITS: dict[str, Affine] = dict.fromkeys(("degc", "c", "celsius", "deg c"), (1.0, 0.0))
"""To degrees Celsius."""
UNCALIBRATED = frozenset({"", "count", "counts", "adc", "au", "a.u.", "arb", "lsb", "raw", "bit", "bits", "digital"})
"""Units that say only that nobody calibrated the signal."""

# A leading EMG, or the muscles and abbreviations sleep laboratories use: LAT/RAT left and right anterior tibialis,
# PLM periodic limb movements.
_EMG = re.compile(r"^emg|\b[lr]at\b|\blegs?\b|tib(?!c)|gastroc|\bcal(f|ves)\b|soleus|\bplm")
_NOT_LEG = re.compile(r"chin|submental|\bment|masseter|intercost|diaphr|\barms?\b|delt|\bfds\b|\bneck\b")
_AXIS = re.compile(r"^(?:(?P<head>.*acc[a-z]*?)[\s_.:-]*)(?P<axis>[xyz])(?P<tail>[\s_.:-].*)?$|^(?P<bare>[xyz])$")
_TEMPERATURE = re.compile(r"temp|therm")
_AMBIENT = re.compile(r"ambient|ext|room|env|outer|air")


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Labels named by the user, each overriding what the labels suggest; empty means: find them."""

    emg: tuple[str, ...] = ()
    acc: tuple[str, ...] = ()
    temp: tuple[str, ...] = ()


class Candidate(NamedTuple):
    """A signal as the choice sees it."""

    label: str
    unit: str
    fs: float


class LeftOut(NamedTuple):
    """A signal that is not used, and why."""

    label: str
    why: str


class Roles(NamedTuple):
    """Positions of the signals to use; `acc` is empty or x, y, z; `temp` is empty or one."""

    emg: tuple[int, ...]
    acc: tuple[int, ...]
    temp: tuple[int, ...]
    left_out: tuple[LeftOut, ...]


def normal_unit(unit: str) -> str:
    """A unit in lower case with the micro and degree signs spelled out; nobody writes EMG in megavolts."""
    plain = unit.strip().replace("µ", "u").replace("μ", "u").replace("°", "deg").lower()
    return plain if plain != "deg c" else "degc"


def assign(signals: Sequence[Candidate], choice: Choice) -> Roles:
    """Give each role its signals.

    Raises BadRecording, listing the labels there are, when a named label is missing, has an impossible unit, or when
    there is no EMG at all.
    """
    emg, left_out = _emg(signals, choice)
    acc = _acc(signals, choice, [signals[k].label for k in emg])
    temp = _temp(signals, choice)
    used, told = {*emg, *acc, *temp}, {item.label for item in left_out}
    rest = [s.label for k, s in enumerate(signals) if k not in used and s.label not in told]
    left_out += [LeftOut(label, "not needed") for label in rest]
    return Roles(tuple(emg), tuple(acc), tuple(temp), tuple(left_out))


def _emg(signals: Sequence[Candidate], choice: Choice) -> tuple[list[int], list[LeftOut]]:
    if choice.emg:
        found = _named(signals, choice.emg, "--emg")
        for k in found:
            if normal_unit(signals[k].unit) not in EMG_UNITS.keys() | UNCALIBRATED:
                raise BadRecording(
                    f"{signals[k].label!r} is in {signals[k].unit}, which is no unit of EMG (uV, mV, V, nV or none). "
                    f"{_labels(signals)}"
                )
    else:
        found = [k for k, signal in enumerate(signals) if _looks_like_emg(signal)]
        named = [k for k in found if normal_label(signals[k].label) != "emg"]
        # In a sleep laboratory's file a plain `EMG` beside named leg muscles is the chin's.
        found = named if any(not normal_label(signals[k].label).startswith("emg") for k in named) else found
    if not found:
        raise BadRecording(f"no leg EMG was recognised; name it with --emg LABEL. {_labels(signals)}")
    return _of_one_rate(signals, found)


def _of_one_rate(signals: Sequence[Candidate], found: Sequence[int]) -> tuple[list[int], list[LeftOut]]:
    """The largest group of one rate; among equals the fastest. Slow signals are envelopes and have the last word."""
    rates = sorted({signals[k].fs for k in found}, reverse=True)
    groups = [[k for k in found if signals[k].fs == fs] for fs in rates]
    usable = [group for group in groups if signals[group[0]].fs >= MIN_EMG_FS] or groups
    chosen = max(usable, key=len)
    fs = signals[chosen[0]].fs
    others = [k for k in found if k not in chosen]
    why = f"another rate than the {fs:g} Hz of the EMG used"
    return chosen, [LeftOut(signals[k].label, why) for k in others]


MIN_EMG_FS = 100.0
"""Below this hardly any of the EMG's band (30 Hz up) is left; `docs/explanation` gives the sensitivity by rate."""


def _looks_like_emg(signal: Candidate) -> bool:
    label = normal_label(signal.label)
    unit_fits = normal_unit(signal.unit) in EMG_UNITS.keys() | UNCALIBRATED
    return bool(_EMG.search(label)) and not _NOT_LEG.search(label) and not _AXIS.match(label) and unit_fits


def _acc(signals: Sequence[Candidate], choice: Choice, emg_labels: Sequence[str]) -> list[int]:
    if choice.acc:
        if len(choice.acc) != 3:
            raise BadRecording(f"--acc needs three labels, x,y,z; {len(choice.acc)} were given. {_labels(signals)}")
        found = _named(signals, choice.acc, "--acc")
        _check_units(signals, found, ACC_UNITS, "acceleration (g, mg or m/s2)")
        if len({signals[k].fs for k in found}) > 1:
            raise BadRecording(f"the accelerometer's axes have different rates. {_labels(signals)}")
        return found
    triples = _triples(signals)
    words = set().union(*(_words(label) for label in emg_labels))
    # The sensor that also gave the EMG shares a number or a place with it: `EMG 10` and `ACC X 10`.
    return max(triples, key=lambda triple: len(words & _words(signals[triple[0]].label)), default=[])


def _triples(signals: Sequence[Candidate]) -> list[list[int]]:
    """Three axes whose labels differ by the axis alone, at one rate, in a unit of acceleration."""
    sensors: dict[tuple[str, str, float], dict[str, int]] = {}
    for k, signal in enumerate(signals):
        match = _AXIS.match(normal_label(signal.label))
        if match and normal_unit(signal.unit) in ACC_UNITS:
            sensor = (match["head"] or "", match["tail"] or "", signal.fs)
            sensors.setdefault(sensor, {}).setdefault(match["axis"] or match["bare"], k)
    return [[axes[axis] for axis in "xyz"] for axes in sensors.values() if len(axes) == 3]


def _temp(signals: Sequence[Candidate], choice: Choice) -> list[int]:
    if choice.temp:
        found = _named(signals, choice.temp, "--temp")[:1]
        _check_units(signals, found, TEMP_UNITS, "temperature (degC)")
        return found
    found = [
        k
        for k, signal in enumerate(signals)
        if _TEMPERATURE.search(normal_label(signal.label)) and normal_unit(signal.unit) in TEMP_UNITS
    ]
    # The skin before an unnamed place, and that before the room.
    found.sort(key=lambda k: _temperature_rank(normal_label(signals[k].label)))
    return found[:1]


def _temperature_rank(label: str) -> int:
    if "skin" in label:
        return 0
    return 2 if _AMBIENT.search(label) else 1


def _named(signals: Sequence[Candidate], labels: Iterable[str], option: str) -> list[int]:
    found = []
    for label in labels:
        matches = [k for k, signal in enumerate(signals) if normal_label(signal.label) == normal_label(label)]
        if not matches:
            raise BadRecording(f"{option}: there is no signal {label!r}. {_labels(signals)}")
        found += matches
    return found


def _check_units(signals: Sequence[Candidate], found: Sequence[int], units: dict[str, Affine], what: str) -> None:
    for k in found:
        if normal_unit(signals[k].unit) not in units:
            raise BadRecording(f"{signals[k].label!r} is in {signals[k].unit!r}, which is no unit of {what}")


def normal_label(label: str) -> str:
    """A label as it is compared: lower case, single blanks."""
    return " ".join(label.lower().split())


def _words(label: str) -> set[str]:
    return set(re.split(r"[\s_.:-]+", normal_label(label))) - {"", "emg"}


def _labels(signals: Sequence[Candidate]) -> str:
    listed = ", ".join(f"{signal.label} ({signal.unit or 'no unit'}, {signal.fs:g} Hz)" for signal in signals)
    return f"The file holds: {listed or 'no signals'}"
