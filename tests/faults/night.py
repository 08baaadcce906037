"""The nights that are played while something is harmed: simulated, of two wearers, one with troubles of its own."""

from collections.abc import Mapping
from pathlib import Path

from collector.contract.topics import Place, place
from collector.simulator.edf import write_night
from collector.simulator.night import simulate_night
from collector.simulator.spec import NightSpec, Profile

SLEEPERS: Mapping[Place, tuple[int, Profile]] = {
    place("ada", "left_calf"): (2, "healthy"),
    place("ben", "right_calf"): (7, "artefacts"),
}
"""Who is watched, with the seed and the kind of night: one quiet, one with a bad electrode and gaps of its own."""
FS = 250.0
CRAMPS_PER_HOUR = 2


def record(folder: Path, hours: float) -> dict[Place, Path]:
    """Simulate both nights into this folder; returns each wearer's recording."""
    recordings = {}
    for who, (seed, profile) in SLEEPERS.items():
        spec = NightSpec(seed=seed, hours=hours, fs=FS, profile=profile, cramps=max(1, round(CRAMPS_PER_HOUR * hours)))
        recordings[who], _ = write_night(simulate_night(spec), folder, stem=who.wearer)
    return recordings
