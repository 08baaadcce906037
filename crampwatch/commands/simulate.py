"""`crampwatch simulate`: nights that do not exist, with their truth, as files or on the air."""

import asyncio
import platform
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter
from rich.console import Console

from crampwatch.errors import UserError
from crampwatch.progress import progress
from crampwatch.words import counted, hours_and_minutes

if TYPE_CHECKING:
    from collector.simulator.firmware.firmware import Firmware
    from collector.simulator.night import Night
    from collector.simulator.spec import NightSpec
    from collector.simulator.virtual_wearable import VirtualWearable


def simulate(
    *,
    out: Path | None = None,
    ble: Literal["cramp-node", "myo", "umyo", "npg-lite"] | None = None,
    seed: int = 1,
    hours: Annotated[float, Parameter(help="Length of the night; at most 24.")] = 8.0,
    fs: Annotated[float | None, Parameter(help="Sampling rate of the EMG in Hz; by default 1000.")] = None,
    profile: Literal["healthy", "rls", "artefacts", "weak", "empty"] = "healthy",
    channels: Annotated[int | None, Parameter(help="Number of EMG channels; by default 1.")] = None,
    cramps: Annotated[int | None, Parameter(help="Exactly so many cramps instead of a number drawn at random.")] = None,
) -> None:
    """Write a simulated night as EDF+ with its truth, or offer it as a wearable over Bluetooth that is simulated too.

    The signals come from a model of motor units, movements, artefacts, posture and skin temperature; the same seed
    gives the same night. Everything found in it says something about the model, nothing about a person.

    Parameters
    ----------
    out
        Folder for the EDF+ file, annotated with the truth, and for the truth as a JSON file; made if it is not there.
    ble
        Offer the night, in real time, as a wearable of this type: behind a stand-in for BlueZ on a D-Bus of its own, as
        long as the command runs. It shows what to put before other commands so that they find it. Linux only.
    seed
        Which night.
    fs
        With `--ble` a wearable that is not a cramp-node has its own rate and channels.
    profile
        healthy; rls (restless legs and periodic movements); artefacts (electrodes, mains, radio); weak (cramps of 2.4
        to 3.5 times rest); empty (no cramps).
    """
    from collector.simulator.edf import write_night
    from collector.simulator.firmware.models import MODELS
    from collector.simulator.night import simulate_night
    from collector.simulator.night_signals import signals_of_night
    from collector.simulator.spec import NightSpec
    from collector.simulator.virtual_wearable import VirtualWearable

    if out is None and ble is None:
        raise UserError("say where to write the night (--out FOLDER) or as what to offer it (--ble cramp-node)")
    if ble is not None and platform.system() != "Linux":
        raise UserError("--ble needs Linux and its D-Bus; elsewhere let a sensor play a `recording`")
    console, shown = Console(highlight=False), Console(stderr=True, highlight=False)
    firmware = MODELS[ble or "cramp-node"]
    try:
        spec = _spec(firmware, NightSpec(seed=seed, hours=hours, profile=profile, cramps=cramps), fs, channels)
        with progress(shown, f"simulating {spec.hours:g} h at {spec.fs:g} Hz") as told:
            night = simulate_night(spec, told)
        if out is not None:
            recording, truth = write_night(night, out)
            console.print(f"{recording} and {truth.name}: {_in_words(night)}.", soft_wrap=True)
        if ble is not None:
            wearable = VirtualWearable(signals_of_night(night), firmware=firmware)
            asyncio.run(_offer(wearable, night, console))
    except (ValueError, OSError) as error:
        raise UserError(str(error)) from error


def _spec(firmware: "Firmware", wanted: "NightSpec", fs: float | None, channels: int | None) -> "NightSpec":
    """The wanted night at the rates of the wearable, where they are built in."""
    from dataclasses import replace

    from collector.simulator.firmware.firmware import BuiltInFirmware

    rate, count, acc_fs = 1000.0, 1, wanted.acc_fs
    if isinstance(firmware, BuiltInFirmware):
        front_ends = firmware.front_ends
        rate, count = front_ends["emg"].fs, len(front_ends["emg"].channels)
        acc_fs = front_ends["acc"].fs if "acc" in front_ends else acc_fs
    return replace(wanted, fs=fs or rate, emg_channels=channels or count, acc_fs=acc_fs)


def _in_words(night: "Night") -> str:
    return f"a simulated {night.spec.profile} night with {counted(len(night.truth.cramps), 'cramp')}"


def _announcement(wearable: "VirtualWearable", night: "Night", bus_address: str) -> Iterator[str]:
    yield f"On the air as '{wearable.name}': {_in_words(night)}, {hours_and_minutes(night.spec.duration_s)}."
    if night.truth.cramps:
        first = hours_and_minutes(night.truth.cramps[0].onset_s)
        yield f"It begins when a collector starts the wearable; the first cramp {first} later."
    yield "Put this before a command to let it find the wearable; Ctrl-C ends it:"
    yield f"DBUS_SYSTEM_BUS_ADDRESS={bus_address}"


async def _offer(wearable: "VirtualWearable", night: "Night", console: Console) -> None:
    """Until the night is over or somebody stops the command."""
    from collector.simulator.bluez.private_bus import PrivateBus
    from collector.simulator.bluez.stand_in import BlueZStandIn

    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    with PrivateBus() as bus:
        async with BlueZStandIn(bus.address, [wearable]):
            for line in _announcement(wearable, night, bus.address):
                console.print(line, soft_wrap=True)
            ended = [asyncio.create_task(event.wait()) for event in (stop, wearable.finished)]
            await asyncio.wait(ended, return_when=asyncio.FIRST_COMPLETED)
            for event in ended:
                event.cancel()
    if wearable.finished.is_set():
        console.print("The simulated night is over.")
