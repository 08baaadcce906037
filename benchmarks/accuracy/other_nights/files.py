"""A night as an EDF+ file and its truth beside it as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path

import numpy as np
from edfio import Edf, EdfAnnotation, EdfSignal, Patient, Recording
from numpy.typing import NDArray

from benchmarks.accuracy.other_nights.night import OtherNight
from benchmarks.accuracy.other_nights.wearer import Converter

SCHEMA = 1


def write_other_night(night: OtherNight, directory: Path, stem: str) -> tuple[Path, Path]:
    """Write `<stem>.edf` and `<stem>.truth.json` into `directory`, made if missing, and return their paths.

    Signals `EMG` (uV), `ACC X`, `ACC Y`, `ACC Z` (g; left out without an accelerometer) and `TEMP` (degC). Radio gaps
    are annotated `gap`.
    """
    directory.mkdir(parents=True, exist_ok=True)
    recording, sidecar = directory / f"{stem}.edf", directory / f"{stem}.truth.json"
    _edf(night).write(recording)
    sidecar.write_text(json.dumps(_truth(night, recording.name), indent=1) + "\n")
    return recording, sidecar


def _edf(night: OtherNight) -> Edf:
    acc = [("ACC X", night.acc[0]), ("ACC Y", night.acc[1]), ("ACC Z", night.acc[2])] if night.acc.size else []
    signals = [
        *_signals([("EMG", night.emg[0])], night.spec.exact_fs, "uV", night.emg_converter),
        *_signals(acc, night.acc_fs, "g", night.acc_converter),
        *_signals([("TEMP", night.temp)], night.temp_fs, "degC", night.temp_converter),
    ]
    return Edf(
        signals,
        patient=Patient(),
        recording=Recording(startdate=night.spec.start.date(), equipment_code="simulated"),
        starttime=night.spec.start.time(),
        data_record_duration=night.spec.record_s,
        annotations=[EdfAnnotation(start, end - start, "gap") for start, end in night.gaps],
    )


def _signals(
    channels: Sequence[tuple[str, NDArray[np.int16]]], fs: Fraction | int, unit: str, converter: Converter
) -> list[EdfSignal]:
    return [
        EdfSignal.from_digital(
            samples,
            fs,  # type: ignore[arg-type] # edfio compares durations, and a float rate makes 28782 s of 1259.259 Hz uneven
            label=label,
            physical_dimension=unit,
            physical_range=(-converter.limit, converter.limit),
            digital_range=(-converter.codes, converter.codes),
        )
        for label, samples in channels
    ]


def _truth(night: OtherNight, recording: str) -> dict[str, object]:
    spec = night.spec
    return {
        "schema": SCHEMA,
        "recording": recording,
        "generator": "second generator",
        "start": spec.start.isoformat(),
        "hours": spec.duration_s / 3600,
        "fs": spec.fs,
        "profile": spec.profile,
        "seed": spec.seed,
        **asdict(night.truth),
    }
