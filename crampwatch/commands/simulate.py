"""`crampwatch simulate`: nights that do not exist, with their truth."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from rich.console import Console

from crampwatch.errors import UserError
from crampwatch.progress import progress
from crampwatch.words import counted


def simulate(
    *,
    out: Path,
    seed: int = 1,
    hours: Annotated[float, Parameter(help="Length of the night; at most 24.")] = 8.0,
    fs: Annotated[float, Parameter(help="Sampling rate of the EMG in Hz.")] = 1000.0,
    profile: Literal["healthy", "rls", "artefacts", "weak", "empty"] = "healthy",
    channels: Annotated[int, Parameter(help="Number of EMG channels.")] = 1,
    cramps: Annotated[int | None, Parameter(help="Exactly so many cramps instead of a number drawn at random.")] = None,
) -> None:
    """Write a simulated night as EDF+ with its truth, as annotations and as a JSON file beside it.

    The signals come from a model of motor units, movements, artefacts, posture and skin temperature; the same seed
    gives the same night. Everything found in it says something about the model, nothing about a person.

    Parameters
    ----------
    out
        Folder for the files; made if it is not there.
    seed
        Which night.
    profile
        healthy; rls (restless legs and periodic movements); artefacts (electrodes, mains, radio); weak (cramps of 2.4
        to 3.5 times rest); empty (no cramps).
    """
    from collector.simulator.edf import write_night
    from collector.simulator.night import simulate_night
    from collector.simulator.spec import NightSpec

    console, shown = Console(highlight=False), Console(stderr=True, highlight=False)
    try:
        spec = NightSpec(seed=seed, hours=hours, fs=fs, profile=profile, emg_channels=channels, cramps=cramps)
        with progress(shown, f"simulating {hours:g} h at {fs:g} Hz") as told:
            night = simulate_night(spec, told)
        recording, truth = write_night(night, out)
    except ValueError as error:
        raise UserError(str(error)) from error
    cramps_in_it = counted(len(night.truth.cramps), "cramp")
    console.print(f"{recording} and {truth.name}: a simulated {profile} night with {cramps_in_it}.", soft_wrap=True)
