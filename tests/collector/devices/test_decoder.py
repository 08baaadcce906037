"""Packets become samples exactly as the profile says, and every other packet is refused under a name."""

import struct

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.contract.codec import RefusalCounter
from collector.devices.decoder import Decoder, NoSamples, NotANumber, PacketRefused, PartialFrame, UnknownPacket
from collector.devices.profile import Profile, load_profile, parse_profile
from tests.fuzz.packets import STREAMS, decode_any

CRAMP_NODE = load_profile("cramp-node")
EMG = "5b1e0003-6a0c-4d6e-9f57-3d2f8c41a7b0"
ACC = "5b1e0004-6a0c-4d6e-9f57-3d2f8c41a7b0"
TEMP = "5b1e0005-6a0c-4d6e-9f57-3d2f8c41a7b0"
OTHER = "12340003-0000-4000-8000-000000000000"


def profile(stream: str) -> Profile:
    return parse_profile(f'[device]\nmatch = {{ name_prefix = "x" }}\n[[stream]]\nchar = "{OTHER}"\n{stream}', "test")


# The published layout of a common DIY board: 25 frames of a counter and three big-endian 12-bit values.
BIG_ENDIAN = profile(
    'kind = "emg"\nframe = ["u8 seq", "u16be emg[3]"]\nfield = "emg"\nrate_hz = 250\nunit = "adc"\noffset = -2048\n'
    'names = ["calf", "shin", "foot"]\nrails = [0, 4095]\ncounter = { field = "seq" }'
)
TWO_KINDS = parse_profile(
    '[device]\nmatch = { name_prefix = "x" }\n'
    f'[[stream]]\nkind = "acc"\nchar = "{OTHER}"\nheader = ["u8 kind=2"]\nframe = ["i16 v[3]"]\nfield = "v"\n'
    'rate_hz = 50\nunit = "mg"\nnames = ["x", "y", "z"]\n'
    f'[[stream]]\nkind = "temp"\nchar = "{OTHER}"\nlengths = [3]\nheader = ["u8 kind=3"]\nframe = ["i16 v"]\n'
    'field = "v"\nrate_hz = 1\nunit = "degC"\nnames = ["skin"]\n',
    "test",
)


def test_an_emg_packet_of_a_cramp_node_written_out_by_hand() -> None:
    packet = bytes.fromhex("10270000 409c0000 0100 ffff 0080 ff7f")  # the example of docs/reference/cramp-node.md
    samples = Decoder(CRAMP_NODE.stream).decode(EMG, packet)
    assert (samples.stream, samples.counter) == ("emg", 10_000)
    assert samples.clock_ns == 40_000_000_000
    assert samples.digital.tolist() == [[1], [-1], [-32768], [32767]]


def test_an_accelerometer_packet_holds_x_y_and_z_of_each_instant() -> None:
    packet = bytes.fromhex("05000000 64000000 0100 0200 0300 0400 0500 0600")
    samples = Decoder(CRAMP_NODE.stream).decode(ACC, packet)
    assert samples.counter == 5
    assert samples.digital.tolist() == [[1, 2, 3], [4, 5, 6]]


def test_a_temperature_in_hundredths_of_a_degree_reads_as_degrees() -> None:
    samples = Decoder(CRAMP_NODE.stream).decode(TEMP, bytes.fromhex("00000000 00000000 0e0d"))
    (channel,) = CRAMP_NODE.stream[2].channels
    assert samples.digital[0, 0] * channel.scale == pytest.approx(33.42)
    assert channel.unit == "degC"


def test_big_endian_values_among_other_fields_become_little_endian_integers() -> None:
    packet = struct.pack(">B3H", 7, 2048, 2049, 4095) + struct.pack(">B3H", 8, 0, 1, 2)
    samples = Decoder(BIG_ENDIAN.stream).decode(OTHER, packet)
    assert samples.digital.tolist() == [[2048, 2049, 4095], [0, 1, 2]]
    # Sixteen signed bits cannot hold every unsigned one.
    assert samples.digital.dtype == np.dtype("<i4")
    assert samples.counter == 7


def test_two_kinds_of_packet_on_one_characteristic_are_told_apart_by_their_first_byte_and_length() -> None:
    decoder = Decoder(TWO_KINDS.stream)
    assert decoder.decode(OTHER, b"\x02" + struct.pack("<3h", 1, 2, 3)).stream == "acc"
    assert decoder.decode(OTHER, b"\x03" + struct.pack("<h", 3342)).digital.tolist() == [[3342]]
    with pytest.raises(UnknownPacket):
        decoder.decode(OTHER, b"\x03" + struct.pack("<2h", 1, 2))


@pytest.mark.parametrize(
    ("char", "packet", "refusal"),
    [
        (EMG, "", PartialFrame),
        (EMG, "00000000 000000", PartialFrame),
        (EMG, "00000000 00000000", NoSamples),
        (EMG, "00000000 00000000 01", PartialFrame),
        (ACC, "00000000 00000000 0100 0200 0300 0400", PartialFrame),
        (OTHER, "00000000 00000000 0100", UnknownPacket),
    ],
)
def test_a_packet_that_is_not_whole_is_refused_by_name(char: str, packet: str, refusal: type[PacketRefused]) -> None:
    with pytest.raises(refusal):
        Decoder(CRAMP_NODE.stream).decode(char, bytes.fromhex(packet))


def test_refusals_are_counted_by_stream_and_kind() -> None:
    counter, decoder = RefusalCounter(), Decoder(CRAMP_NODE.stream)
    for char, packet in ((EMG, b"123"), (EMG, b"1"), (ACC, b"12345678")):
        with pytest.raises(PacketRefused) as refusal:
            decoder.decode(char, packet)
        counter.count(refusal.value)
    assert counter.counts == {"emg.PartialFrame": 2, "acc.NoSamples": 1}


@given(st.binary(max_size=300))
def test_any_bytes_to_any_shipped_profile_are_samples_or_a_named_refusal(data: bytes) -> None:
    decode_any(data)


@given(st.integers(0, len(STREAMS) - 1), st.binary(max_size=300))
def test_so_are_any_bytes_behind_a_header_that_is_right(stream: int, packet: bytes) -> None:
    decode_any(bytes([stream, 0xFF]) + packet)


@given(
    st.integers(0, 2**32 - 1),
    st.lists(st.tuples(*[st.integers(-32768, 32767)] * 3), min_size=1, max_size=39),
)
def test_what_a_node_packs_is_what_is_decoded(index: int, frames: list[tuple[int, int, int]]) -> None:
    packet = struct.pack("<II", index, 0) + b"".join(struct.pack("<3h", *frame) for frame in frames)
    samples = Decoder(CRAMP_NODE.stream).decode(ACC, packet)
    assert samples.counter == index
    assert samples.digital.tolist() == [list(frame) for frame in frames]


def test_a_stream_with_more_channels_widens_its_frames() -> None:
    stream = msgspec.structs.replace(CRAMP_NODE.stream[0], names=("medial", "lateral"))
    packet = struct.pack("<II4h", 0, 0, 1, -1, 2, -2)
    assert Decoder([stream]).decode(EMG, packet).digital.tolist() == [[1, -1], [2, -2]]


def one_stream(text: str) -> Decoder:
    return Decoder(profile(f'kind = "emg"\nrate_hz = 100\nunit = "uV"\n{text}').stream)


def test_a_count_of_packets_becomes_an_index_of_samples() -> None:
    stream = profile(
        'kind = "emg"\nheader = ["u8 n"]\nframe = ["i8 v"]\nfield = "v"\nrate_hz = 100\nunit = "uV"\nnames = ["a"]\n'
        'counter = { field = "n", samples = 4, wraps_at = 100 }'
    ).stream
    # Packets 99 and 100 of four samples: the count is at zero again after 100 packets, so after 400 samples.
    assert stream[0].counter_modulus == 400
    assert Decoder(stream).decode(OTHER, bytes([99, 1, 2, 3, 4])).counter == 396
    assert Decoder(stream).decode(OTHER, bytes([100, 1, 2, 3, 4])).counter == 0


def test_a_clock_that_means_the_last_sample_is_told_for_the_first() -> None:
    decoder = one_stream(
        'header = ["u32 us"]\nframe = ["i16 v"]\nfield = "v"\nnames = ["a"]\n'
        'clock = { field = "us", unit = "us", refers = "last" }'
    )
    # Three samples at 100 Hz, the last at 1 s: the first was 20 ms before.
    assert decoder.decode(OTHER, struct.pack("<I3h", 1_000_000, 1, 2, 3)).clock_ns == 980_000_000


def test_a_value_may_be_the_weighted_sum_of_two_fields() -> None:
    decoder = one_stream('frame = ["i8 whole", "u8 cents"]\nweights = { whole = 100, cents = 1 }\nnames = ["a"]')
    assert decoder.decode(OTHER, bytes([33, 30])).digital.tolist() == [[3330]]


FLOATS = one_stream('frame = ["f32 v"]\nfield = "v"\nquantum = 0.5\nrails = [-100, 100]\nnames = ["a"]')


def test_floats_become_whole_steps_of_the_quantum_and_stop_at_the_rails() -> None:
    packet = struct.pack("<5f", 0.0, 1.5, -1.3, 1e30, -50.5)
    samples = FLOATS.decode(OTHER, packet)
    assert samples.digital.tolist() == [[0], [3], [-3], [100], [-100]]
    assert samples.digital.dtype == np.dtype("<i2")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_float_that_is_no_number_refuses_the_packet(value: float) -> None:
    with pytest.raises(NotANumber):
        FLOATS.decode(OTHER, struct.pack("<2f", 1.0, value))


def test_what_follows_the_most_frames_does_not_matter() -> None:
    decoder = one_stream('frame = ["i16 v"]\nfield = "v"\nmax_frames = 2\nnames = ["a"]')
    assert decoder.decode(OTHER, bytes.fromhex("0100 0200 ffffff")).digital.tolist() == [[1], [2]]
    assert decoder.decode(OTHER, bytes.fromhex("0100")).digital.tolist() == [[1]]


def test_several_characteristics_may_carry_one_stream() -> None:
    other = OTHER.replace("1234", "5678")
    stream = profile(
        f'kind = "emg"\nmore_chars = ["{other}"]\nframe = ["i8 v"]\nfield = "v"\nrate_hz = 9\n'
        'unit = "uV"\nnames = ["a"]'
    ).stream
    assert stream[0].characteristics == (OTHER, other)
    assert Decoder(stream).decode(OTHER, b"\x01").digital.tolist() == [[1]]
    assert Decoder(stream).decode(other, b"\x02").digital.tolist() == [[2]]
