"""The simulated wearables send what their published layouts say, and the shipped profiles read it back."""

import asyncio
from collections import defaultdict
from itertools import pairwise

import numpy as np
import pytest
from bleak import BleakClient, BleakScanner

from collector.contract.messages import Channel, StreamKind
from collector.devices.decoder import Decoder, Samples
from collector.devices.profile import Profile, load_profile
from collector.simulator.firmware.firmware import BuiltInFirmware
from collector.simulator.firmware.models import MODELS
from collector.simulator.firmware.myo import COMMAND, EMG, IMU, Myo
from collector.simulator.firmware.npg_lite import NpgLite
from collector.simulator.firmware.umyo import UMyo
from collector.simulator.memory_backend import memory_backend
from collector.simulator.playback import Signal
from collector.simulator.virtual_wearable import VirtualWearable
from tests.support.wearables import ramp, ramp_of

BUILT_IN = [(name, model) for name, model in MODELS.items() if isinstance(model, BuiltInFirmware)]
SECONDS = 12.0


async def heard(wearable: VirtualWearable, profile: Profile) -> list[Samples]:
    """Everything that a central hears which does as the profile says."""
    backend = memory_backend([wearable])
    assert backend.scanner is not None
    device = await BleakScanner.find_device_by_name(wearable.name, timeout=5, backend=backend.scanner)
    assert device is not None
    decoder, samples = Decoder(profile.stream), []
    async with BleakClient(device, backend=backend.client) as client:
        for char in {char for stream in profile.stream for char in stream.characteristics}:
            await client.start_notify(char, lambda c, data: samples.append(decoder.decode(c.uuid, bytes(data))))
        for command in profile.start:
            await client.write_gatt_char(command.char, command.payload({}), response=True)
        async with asyncio.timeout(20):
            await wearable.finished.wait()
    return samples


@pytest.mark.parametrize(("name", "firmware"), BUILT_IN, ids=[name for name, _ in BUILT_IN])
async def test_the_shipped_profile_reads_every_sample_in_its_order(name: str, firmware: BuiltInFirmware) -> None:
    sent = ramp_of(firmware, SECONDS)
    got: dict[StreamKind, list[np.ndarray]] = defaultdict(list)
    for samples in await heard(VirtualWearable(sent, speed=None, firmware=firmware), load_profile(name)):
        got[samples.stream].append(samples.digital)
    for kind, signal in sent.items():
        whole = int(SECONDS * signal.fs) // firmware.front_ends[kind].instants * firmware.front_ends[kind].instants
        np.testing.assert_array_equal(np.concatenate(got[kind]), signal.runs[0][1][:whole])


@pytest.mark.parametrize("name", ["umyo", "npg-lite"])
async def test_the_counter_of_each_packet_follows_from_the_one_before(name: str) -> None:
    firmware, profile = dict(BUILT_IN)[name], load_profile(name)
    emg = next(stream for stream in profile.stream if stream.kind == "emg")
    assert emg.counter_modulus is not None
    packets = await heard(VirtualWearable(ramp_of(firmware, SECONDS), speed=None, firmware=firmware), profile)
    counted = [samples for samples in packets if samples.stream == "emg"]
    assert counted[0].counter == 0
    for earlier, later in pairwise(counted):
        assert earlier.counter is not None
        assert later.counter == (earlier.counter + len(earlier.digital)) % emg.counter_modulus


@pytest.mark.parametrize("name", MODELS)
def test_the_profile_finds_the_wearable_by_what_it_advertises(name: str) -> None:
    firmware, match = MODELS[name], load_profile(name).device.match
    by_name = match.name_prefix is not None and firmware.name.startswith(match.name_prefix)
    assert by_name or match.service == next(iter(firmware.services))


@pytest.mark.parametrize("name", MODELS)
def test_the_wearable_has_every_characteristic_of_the_profile(name: str) -> None:
    offered = {char for chars in MODELS[name].services.values() for char in chars}
    profile = load_profile(name)
    wanted = {char for stream in profile.stream for char in stream.characteristics}
    commands = (*profile.start, *profile.stop, *([profile.buzz.command("cramp")] if profile.buzz else []))
    assert wanted | {command.char for command in commands} <= offered


def test_a_myo_sends_two_instants_of_eight_signed_bytes_on_four_characteristics_in_turn() -> None:
    instants = np.array([[1, 2, 3, 4, 5, 6, 7, 8], [-1, -2, -3, -4, -5, -6, -128, 127]], np.int16)
    packets = [Myo().packet("emg", 2 * k, 0, instants) for k in range(5)]
    assert packets[0].payload.hex() == "0102030405060708" + "fffefdfcfbfa807f"
    assert [packet.char for packet in packets] == [*EMG, EMG[0]]


def test_a_myo_sends_orientation_acceleration_and_rotation_in_20_bytes() -> None:
    char, payload = Myo().packet("acc", 0, 0, np.array([[0, 0, 2048]], np.int16))
    assert char == IMU
    assert payload.hex() == "0040000000000000" + "000000000008" + "000000000000"


@pytest.mark.parametrize(("hexadecimal", "sends"), [("0103020100", True), ("0103000000", False)])
async def test_a_myo_is_started_and_stopped_by_its_mode(hexadecimal: str, sends: bool) -> None:
    wearable = VirtualWearable(ramp_of(Myo(), 1), speed=None, firmware=Myo())
    wearable.write(COMMAND, bytes.fromhex(hexadecimal))
    wearable.write(COMMAND, bytes.fromhex("090101"))  # stay awake: changes nothing
    await asyncio.sleep(0.05)
    assert wearable.finished.is_set() == sends


async def test_a_myo_vibrates_for_as_long_as_it_is_told_and_goes_on_sending() -> None:
    wearable = VirtualWearable(ramp_of(Myo(), 1), speed=None, firmware=Myo())
    wearable.write(COMMAND, bytes.fromhex("0103020100"))
    for length in ("01", "03"):
        wearable.write(COMMAND, bytes.fromhex(f"0301{length}"))
    async with asyncio.timeout(20):
        await wearable.finished.wait()
    assert wearable.vibrations == [1, 3]


def test_a_umyo_sends_its_count_and_24_samples_little_endian() -> None:
    samples = np.arange(24, dtype=np.int16)[:, None] - 1
    payload = UMyo().packet("emg", 0x01020304, 0, samples).payload
    assert len(payload) == 52
    assert payload[:8].hex() == "04030201" + "ffff" + "0000"


def test_an_npg_lite_counts_each_instant_and_sends_the_high_byte_first() -> None:
    payload = NpgLite().packet("emg", 255, 0, np.array([[2048, 0, 4095]] * 25, np.int16)).payload
    assert len(payload) == 175
    assert payload[:14].hex() == "ff" + "080000000fff" + "00" + "080000000fff"


def test_a_recording_is_measured_anew_in_the_steps_of_the_wearable_and_clipped_at_its_rails() -> None:
    volts = np.array([0, 40, -40, 4000, -8000], np.int16)  # 0, 10, -10, 1000, -2000 uV
    recorded = Signal(200.0, tuple(Channel(f"emg {k}", "uV", 0.25) for k in range(8)), ((0, np.tile(volts, (8, 1)).T),))
    ((_, digital),) = Myo().measured({"emg": recorded})["emg"].runs
    assert digital[:, 0].tolist() == [0, 5, -5, 127, -128]  # 2 uV a step, 8 bits


@pytest.mark.parametrize(("fs", "channels", "complaint"), [(250.0, 8, "200 Hz"), (200.0, 1, "8 channels")])
def test_a_recording_that_the_wearable_cannot_measure_is_refused(fs: float, channels: int, complaint: str) -> None:
    signal = Signal(
        fs, tuple(Channel(f"emg {k}", "uV", 0.25) for k in range(channels)), ((0, np.zeros((5, channels), np.int16)),)
    )
    with pytest.raises(ValueError, match=complaint):
        VirtualWearable({"emg": signal}, firmware=Myo())


async def test_a_wearable_without_memory_goes_on_with_what_it_measures_next() -> None:
    wearable = VirtualWearable(ramp_of(UMyo(), 60), speed=30.0, firmware=UMyo())
    profile = load_profile("umyo")
    listening = asyncio.create_task(heard(wearable, profile))
    await asyncio.sleep(0.3)
    wearable.stalled = True
    await asyncio.sleep(0.3)
    wearable.stalled = False
    counters = [samples.counter for samples in await listening if samples.counter is not None]
    steps = [later - earlier for earlier, later in pairwise(counters)]
    assert sorted(set(steps))[0] == 24
    assert sum(step > 24 for step in steps) == 1


def test_a_cramp_node_describes_the_ramp_it_plays() -> None:
    info = MODELS["cramp-node"].read("", ramp(10), boot=7)
    assert info[:5].hex() == "01" + "07000000"
