"""Two sounds that cannot be taken for each other, for a bedside that has none of its own."""

import io
import wave
from typing import Literal

import numpy as np

RATE = 16_000
"""Any sound card plays it, and it holds what is heard best, 2 to 4 kHz."""
FADE_S = 0.01
"""In and out, so that a note begins without a click."""
FULL = 0.9
"""Of what the converter can: beyond, cheap loudspeakers only distort."""
# Notes in hertz and seconds. A cramp: three quick rising pairs, as alarm clocks sound. A fault: two low notes, falling.
_CRAMP = ((880.0, 0.15), (1320.0, 0.15), (0.0, 0.1)) * 3
_FAULT = ((523.0, 0.2), (0.0, 0.05), (392.0, 0.25))


def tone(kind: Literal["cramp", "fault", "test"], level: float) -> bytes:
    """A WAV file of this loudness, from 0 to 1."""
    sound = np.concatenate([_note(*note) for note in (_FAULT if kind == "fault" else _CRAMP)])
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.round(sound * level * FULL * 32767).astype("<i2").tobytes())
    return written.getvalue()


def _note(hz: float, seconds: float) -> np.ndarray:
    t_s = np.arange(round(seconds * RATE)) / RATE
    fade = np.minimum(1.0, np.minimum(t_s, t_s[::-1]) / FADE_S)
    note: np.ndarray = np.sin(2 * np.pi * hz * t_s) * fade
    return note
