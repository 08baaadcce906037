"""A night as files: EDF+ with the truth as annotations, and the truth once more as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from edfio import Edf, EdfAnnotation, EdfSignal, Patient, Recording
from numpy.typing import NDArray

from collector.simulator.night import Night
from collector.simulator.spec import NightSpec
from collector.simulator.truth import Truth

GENERATOR = "crampwatch simulator"
EMG_LABELS = ("EMG L_GastrocMed", "EMG L_GastrocLat", "EMG L_Soleus")
ACC_LABELS = ("ACC X", "ACC Y", "ACC Z")


class _WholeRecords(Edf):
    """An EDF file of whole data records, cut beforehand.

    edfio derives the number of records from rates as floats and demands that all give the same to 12 decimals; in a
    night of eight hours floats do not have that many, and records of 5 s (0.2 Hz) are refused by chance.
    """

    def _set_num_data_records_with_signals(self, signals: Sequence[EdfSignal]) -> None:
        first = signals[0]
        self._set_num_data_records(round(len(first.digital) / first.sampling_frequency / self.data_record_duration))


def write_night(night: Night, directory: Path, stem: str | None = None) -> tuple[Path, Path]:
    """Write `<stem>.edf` and `<stem>.truth.json` into `directory`, made if missing, and return their paths.

    The stem defaults to profile and seed. The EDF's times are those of the sample clock.

    Raises OSError when the directory cannot be written.
    """
    stem = stem or f"simulated-{night.spec.profile}-{night.spec.seed}"
    directory.mkdir(parents=True, exist_ok=True)
    recording, sidecar = directory / f"{stem}.edf", directory / f"{stem}.truth.json"
    _edf(night).write(recording)
    sidecar.write_text(json.dumps(_sidecar(night, recording.name), indent=1) + "\n")
    return recording, sidecar


def _edf(night: Night) -> Edf:
    spec = night.spec
    emg_labels = [*EMG_LABELS, *(f"EMG {n}" for n in range(len(EMG_LABELS) + 1, spec.emg_channels + 1))]
    signals = [
        _signal(digital, spec, spec.fs, label, "uV", night.emg_uv_per_lsb)
        for digital, label in zip(night.emg, emg_labels[: spec.emg_channels], strict=True)
    ]
    signals += [
        _signal(digital, spec, spec.acc_fs, label, "mg", night.acc_mg_per_lsb)
        for digital, label in zip(night.acc, ACC_LABELS, strict=True)
    ]
    signals.append(_signal(night.temp, spec, spec.temp_fs, "TEMP skin", "degC", night.temp_c_per_lsb))
    return _WholeRecords(
        signals,
        patient=Patient(),  # nobody: every field X
        recording=Recording(startdate=spec.start.date(), equipment_code="simulated"),
        starttime=spec.start.time(),
        data_record_duration=spec.record_s,
        annotations=_annotations(night.truth),
    )


def _signal(
    digital: NDArray[np.int16], spec: NightSpec, fs: float, label: str, dimension: str, per_lsb: float
) -> EdfSignal:
    # The rate as whole samples per record: a rate given with a few decimals would not divide the night evenly.
    return EdfSignal.from_digital(
        digital,
        len(digital) / spec.duration_s,
        label=label,
        physical_dimension=dimension,
        physical_range=(-32768 * per_lsb, 32767 * per_lsb),
    )


def _annotations(truth: Truth) -> list[EdfAnnotation]:
    named = [(cramp.onset_s, cramp.end_s, "Cramp") for cramp in truth.cramps]
    named += [(event.onset_s, event.end_s, f"confounder: {event.kind}") for event in truth.confounders]
    named += [
        (event.onset_s, event.end_s, "gap" if event.kind == "gap" else f"artefact: {event.kind}")
        for event in truth.artefacts
    ]
    return [EdfAnnotation(round(onset_s, 3), round(end_s - onset_s, 3), text) for onset_s, end_s, text in named]


def _sidecar(night: Night, recording: str) -> dict[str, object]:
    spec = night.spec
    return {
        "schema": 1,
        "recording": recording,
        "generator": GENERATOR,
        "start": spec.start.isoformat(),
        "hours": spec.duration_s / 3600,
        "fs": spec.fs,
        "profile": spec.profile,
        "seed": spec.seed,
        **asdict(night.truth),
    }
