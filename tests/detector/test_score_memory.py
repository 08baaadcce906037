"""A whole night of eight channels is scored in a small part of the memory that it would fill."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support.edf_files import ramp, signal, write

LIMIT_KB = 400_000

SCORER = """
import sys
from pathlib import Path
from collector.contract.recordings import open_recording
from detector.score import score_recording
from detector.settings import DetectorSettings
score_recording(open_recording(Path(sys.argv[1])), DetectorSettings())
# Not ru_maxrss, which a process inherits from the one that started it.
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
"""


@pytest.mark.slow
def test_eight_hours_of_eight_channels_at_1_khz_need_less_than_400_mb(tmp_path: Path) -> None:
    path = write(tmp_path / "night.edf", [signal(f"EMG {k}", ramp(60_000), 1000.0) for k in range(8)])
    header, minute = path.read_bytes()[:2560], path.read_bytes()[2560:]  # nine signals and the file part
    noise = np.random.default_rng(1).normal(0, 40, len(minute) // 2).astype("<i2").tobytes()
    with path.open("wb") as file:
        file.write(header[:192] + b" " * 44 + b"28800".ljust(8) + header[244:])
        for _ in range(480):
            file.write(noise)
    assert path.stat().st_size > 460_000_000
    used = subprocess.run(
        [sys.executable, "-c", SCORER, str(path)], check=True, capture_output=True, text=True, timeout=200
    )
    assert int(used.stdout) < LIMIT_KB
