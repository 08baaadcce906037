"""Every shipped profile decodes what its maker's device sends.

"Vector" below is bytes that someone else published with their meaning; "layout" is a packet built with struct from the
published description, independently of the profile. Which profile rests on which is in its file, and tested here.
"""

import struct
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest

from collector.contract.messages import StreamKind
from collector.devices.decoder import Decoder, Samples, UnknownPacket
from collector.devices.profile import Profile, load_profile, shipped_profiles

PROFILES = {name: load_profile(name) for name in shipped_profiles()}


def decode(name: str, char: str, packet: bytes) -> Samples:
    """By the first digits of the characteristic, as devices' documentations tell them apart."""
    known = {c for stream in PROFILES[name].stream for c in stream.characteristics}
    (full,) = (known_char for known_char in known if known_char.startswith(char))
    return Decoder(PROFILES[name].stream).decode(full, packet)


def physical(name: str, samples: Samples) -> list[list[float]]:
    stream = next(stream for stream in PROFILES[name].stream if stream.kind == samples.stream)
    values: list[list[float]] = (samples.digital * stream.scale + stream.offset).tolist()
    return values


class Published(NamedTuple):
    """A packet with a published or hand-made meaning."""

    profile: str
    char: str
    packet: bytes
    stream: StreamKind
    first: list[float]
    """The first instant, in the stream's unit."""
    instants: int


H10_VECTOR = bytes.fromhex("02 0094357700000000 01 f7ff ffff e703 f8ff feff e503")
"""The SDK's AccDataTest, raw type 1, cut after two of its samples."""
VERITY_CAPTURE = bytes.fromhex(
    "02 00416fc41245930a 81 ee02 1ffe 82ff 08 0a10da20d6a30bd9cbe7d6f6c4e6f1e1f3e0151afe281bf8372c2520131911"
)
"""Issue 443 of the vendor's SDK, a user's Verity Sense; cut after its first block of ten differences."""
SKIN_TEMPERATURE_VECTOR = bytes.fromhex("07 40ae21ae31b2ee0a 00 0060ee41")
"""The SDK's test of skin temperature."""
MOVESENSE_CAPTURE = bytes.fromhex(
    "0202 03de0100 55ab8bbf 69f78d40 81dd0a41 2b1387bf 975a8d40 20840b41"
    "e79190bf 076d8e40 1bf10a41 2b1387bf 316e8d40 b9660b41"
)
"""A notification recorded by the tests of movesense-py; -1.091166 m/s2 is -111.267 mg."""

VECTORS = [
    Published("polar-h10", "fb005c82", H10_VECTOR, "acc", [-9, -1, 999], 2),
    Published("polar-verity-sense", "fb005c82", VERITY_CAPTURE, "acc", [750, -481, -126], 11),
    Published("polar-360", "fb005c82", SKIN_TEMPERATURE_VECTOR, "temp", [29.80], 1),
    Published("movesense", "34800002", MOVESENSE_CAPTURE, "acc", [-111.25, 452.5, 885.0], 4),
]
LAYOUTS = [
    Published("cramp-node", "5b1e0003", struct.pack("<II2h", 7, 0, 4, -4), "emg", [1.0], 2),
    Published("cramp-node", "5b1e0004", struct.pack("<II3h", 7, 0, 4000, 0, -4), "acc", [1000.0, 0.0, -1.0], 1),
    Published("cramp-node", "5b1e0005", struct.pack("<IIh", 7, 0, 3342), "temp", [33.42], 1),
    Published("myo", "d5060105", struct.pack("<16b", *range(-8, 8)), "emg", [-8, -7, -6, -5, -4, -3, -2, -1], 2),
    Published("myo", "d5060405", struct.pack("<16b", *range(16)), "emg", [0, 1, 2, 3, 4, 5, 6, 7], 2),
    Published("myo", "d5060402", struct.pack("<10h", 9, 9, 9, 9, 2048, -1024, 0, 1, 2, 3), "acc", [1000, -500, 0], 1),
    Published("umyo", "fc7a850d", struct.pack("<I24h", 24, *range(24)), "emg", [0], 24),
    Published("umyo", "fc7a850d", struct.pack("<I24h4h", 24, *range(5, 29), 9, 9, 9, 9), "emg", [5], 24),
    Published("umyo", "fc7a850d", struct.pack("<13h", 16384, -8192, 0, *[9] * 10), "acc", [1000, -500, 0], 1),
    Published(
        "npg-lite", "beb5483e", b"".join(struct.pack(">B3H", k, 2048, 2049, 2047) for k in range(25)),
        "emg", [0, 1, -1], 25,
    ),
    Published("movesense", "34800002", struct.pack("<BBf", 2, 3, 306.15), "temp", [33.0], 1),
    Published("movesense", "34800002", struct.pack("<BBfI", 2, 3, 306.15, 5000), "temp", [33.0], 1),
    Published("thingy52", "ef680406", struct.pack("<9h", 1024, -512, 0, 1, 2, 3, 4, 5, 6), "acc", [1000, -500, 0], 1),
    Published("thingy52", "ef680201", bytes([33, 30]), "temp", [33.30], 1),
    Published("polar-360", "fb005c82", VERITY_CAPTURE, "acc", [750, -481, -126], 11),
    # 19 bits a value, so 1 step is 32 of 24 bits: 32 * 1.2 V / (8388607 * 1.5 * 51) = 0.0598384 uV.
    Published(
        "ganglion", "2d30c082", bytes.fromhex("6a0000000008000500004800 09f001b000300008"),
        "emg", [0, 2 * 0.0598384, 10 * 0.0598384, 4 * 0.0598384], 2,
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    "case", VECTORS + LAYOUTS, ids=lambda case: f"{case.profile} {case.stream} {len(case.packet)} B"
)
def test_a_profile_decodes_published_vectors_and_layouts(case: Published) -> None:
    samples = decode(case.profile, case.char, case.packet)
    assert samples.stream == case.stream
    assert physical(case.profile, samples)[0] == pytest.approx(case.first, abs=1e-6)
    assert len(samples.digital) == case.instants


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_says_vectors_of_exactly_those_streams_that_decode_one(name: str) -> None:
    tested = {(case.profile, case.stream) for case in VECTORS + LAYOUTS}
    by_vector = {case.stream for case in VECTORS if case.profile == name}
    streams = PROFILES[name].stream
    assert {(name, stream.kind) for stream in streams} <= tested
    assert {stream.kind for stream in streams if stream.proven == "vectors"} == by_vector
    assert PROFILES[name].device.sources


def test_the_captured_verity_packet_goes_on_as_worked_out_by_hand() -> None:
    samples = decode("polar-verity-sense", "fb005c82", VERITY_CAPTURE)
    # The differences are bytes: 10 da 20 is +16 -38 +32, d6 a3 0b is -42 -93 +11.
    assert samples.digital[1:3].tolist() == [[766, -519, -94], [724, -612, -83]]
    # A leg or an arm at rest feels 1 g, give or take; a wrong reading of the format would not.
    assert np.linalg.norm(samples.digital, axis=1) == pytest.approx(1000, abs=350)


def test_a_polar_time_is_that_of_the_last_sample() -> None:
    # 2,000,000,000 ns for the second of two samples at 50 Hz.
    assert decode("polar-h10", "fb005c82", H10_VECTOR).clock_ns == 1_980_000_000


def test_a_movesense_time_is_that_of_the_first_sample() -> None:
    assert decode("movesense", "34800002", MOVESENSE_CAPTURE).clock_ns == 0x0001DE03 * 1_000_000


def test_an_answer_of_a_movesense_to_a_command_is_no_samples() -> None:
    with pytest.raises(UnknownPacket):
        decode("movesense", "34800002", bytes.fromhex("0102c8"))


def counted_packets(name: str) -> tuple[str, list[bytes]]:
    """Consecutive packets across the place where the counter begins again, built without the profile."""
    if name == "npg-lite":
        frames = [struct.pack(">B3H", k % 256, 0, 0, 0) for k in range(200, 300)]
        return "beb5483e", [b"".join(frames[k : k + 25]) for k in range(0, 100, 25)]
    if name == "umyo":
        starts = [2**32 - 48, 2**32 - 24, 0, 24]
        return "fc7a850d", [struct.pack("<I24h", start, *range(24)) for start in starts]
    if name == "ganglion":
        return "2d30c082", [bytes([number, *bytes(19)]) for number in (198, 199, 100, 101)]
    starts = [2**32 - 5, 0, 5]
    return "5b1e0003", [struct.pack("<II5h", start, 0, *range(5)) for start in starts]


@pytest.mark.parametrize("name", [name for name, profile in PROFILES.items() if profile.stream[0].counter])
def test_consecutive_packets_have_consecutive_counters_across_the_wrap(name: str) -> None:
    char, packets = counted_packets(name)
    modulus = PROFILES[name].stream[0].counter_modulus
    assert modulus is not None
    samples = [decode(name, char, packet) for packet in packets]
    for one, next_one in pairwise(samples):
        assert one.counter is not None
        assert next_one.counter == (one.counter + len(one.digital)) % modulus


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_a_device_can_be_found_and_told_what_to_send(profile: Profile) -> None:
    assert profile.device.match.name_prefix or profile.device.match.service
    commands = (*profile.start, *profile.stop)
    assert all(command.payload({}) for command in commands)


def test_the_start_commands_are_those_of_the_makers() -> None:
    starts = {name: [command.payload({}).hex() for command in PROFILES[name].start] for name in PROFILES}
    assert starts["myo"] == ["0103020100"]
    assert starts["npg-lite"] == [b"START".hex()]
    assert starts["movesense"] == ["0102" + b"/Meas/Acc/52".hex(), "0103" + b"/Meas/Temp".hex()]
    # The command of issues 331 and 443, which the device answered with "started".
    assert starts["polar-verity-sense"] == ["0202000134000101100002010800040103"]
    assert starts["ganglion"] == [b"N".hex(), b"b".hex()]
    # ble_tms_config_t: three intervals and a rate as u16, then wake on motion.
    assert struct.unpack("<4HB", bytes.fromhex(starts["thingy52"][0])) == (100, 500, 500, 50, 1)
    # ble_tes_config_t: four intervals in ms, the gas mode, three lamps.
    assert struct.unpack("<4H4B", bytes.fromhex(starts["thingy52"][1])) == (5000, 60000, 60000, 60000, 3, 0, 0, 0)


def test_a_myo_is_kept_awake_and_can_buzz() -> None:
    keep_alive, buzz = PROFILES["myo"].device.keep_alive, PROFILES["myo"].buzz
    assert keep_alive is not None
    assert (keep_alive.payload({}).hex(), keep_alive.every_s) == ("090101", 60)
    # myohw_command_vibrate, one byte more, myohw_vibration_long and _short.
    assert buzz is not None
    assert [buzz.command(kind).payload({}).hex() for kind in ("cramp", "fault")] == ["030103", "030101"]
