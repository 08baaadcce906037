"""EDF files to read, written by edfio and not by the code under test."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
from edfio import Edf, EdfAnnotation, EdfSignal, Recording
from numpy.typing import NDArray

from collector.contract.messages import SampleBlock
from collector.contract.recording import Recording as ReadableRecording

START = datetime(2026, 11, 19, 22, 0, 0)  # noqa: DTZ001 - EDF times name no zone


def signal(
    label: str,
    digital: NDArray[np.integer],
    fs: float = 250.0,
    unit: str = "uV",
    physical: tuple[float, float] = (-8192.0, 8191.75),
) -> EdfSignal:
    """A signal of 16 bits, 0.25 units to the step unless told otherwise."""
    return EdfSignal.from_digital(
        np.asarray(digital, np.int16),
        sampling_frequency=fs,
        label=label,
        physical_dimension=unit,
        physical_range=physical,
        digital_range=(-32768, 32767),
    )


def ramp(count: int) -> NDArray[np.int16]:
    """Samples that tell their own index, modulo 2**15."""
    return (np.arange(count) % 2**15).astype(np.int16)


def write(
    path: Path,
    signals: Sequence[EdfSignal],
    annotations: Sequence[EdfAnnotation] = (),
    record_s: float = 1.0,
    start: datetime = START,
) -> Path:
    """An EDF+C file."""
    edf = Edf(
        signals,
        starttime=start.time(),
        recording=Recording(startdate=start.date()),
        annotations=annotations,
        data_record_duration=record_s,
    )
    edf.write(path)
    return path


def patch(path: Path, at: int, text: str, width: int) -> None:
    """Overwrite a field of the header."""
    raw = bytearray(path.read_bytes())
    raw[at : at + width] = text.encode("latin-1").ljust(width)
    path.write_bytes(raw)


def discontinuous(path: Path, onsets: Sequence[str]) -> None:
    """Make an EDF+D of an EDF+C by giving its records other onsets, each as it is to be written."""
    raw = bytearray(path.read_bytes())
    header_bytes, records = int(raw[184:192]), int(raw[236:244])
    record_bytes = (len(raw) - header_bytes) // records
    raw[192:236] = b"EDF+D".ljust(44)
    signals = int(raw[252:256])
    samples = [int(raw[256 + signals * 216 + 8 * k : 256 + signals * 216 + 8 * k + 8]) for k in range(signals)]
    labels = [raw[256 + 16 * k : 272 + 16 * k].decode().strip() for k in range(signals)]
    place = labels.index("EDF Annotations")
    for k, onset in enumerate(onsets):
        start = header_bytes + k * record_bytes + 2 * sum(samples[:place])
        width = 2 * samples[place]
        raw[start : start + width] = f"{onset}\x14\x14\0".encode().ljust(width, b"\0")
    path.write_bytes(raw)


def samples_of(recording: ReadableRecording, block_s: float = 7.0) -> dict[str, dict[int, list[int]]]:
    """All samples by stream and index, each once."""
    found: dict[str, dict[int, list[int]]] = {}
    for block in recording.blocks(block_s):
        stream = found.setdefault(block.stream, {})
        for index, values in enumerate(block.digital().tolist(), start=block.first_index):
            assert index not in stream
            stream[index] = values
    return found


def blocks_of(recording: ReadableRecording, stream: str, block_s: float = 7.0) -> list[SampleBlock]:
    """One stream's blocks."""
    return [block for block in recording.blocks(block_s) if block.stream == stream]
