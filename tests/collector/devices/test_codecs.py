"""Contents that no layout can express decode as their makers say; each vector has its source."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.devices.codecs.bits import unpack_signed
from collector.devices.decoder import NoSamples, NotANumber, PartialFrame, StreamDecoder, UnknownPacket
from collector.devices.profile import CodecName, Stream, load_profile

CHAR = "12340003-0000-4000-8000-000000000000"


def decoder(codec: CodecName, names: tuple[str, ...] = ("x", "y", "z"), quantum: float = 1.0) -> StreamDecoder:
    stream = Stream(kind="emg", char=CHAR, rate_hz=50, unit="mg", names=names, codec=codec, quantum=quantum)
    return StreamDecoder(stream)


POLAR = decoder("polar-delta")


def test_a_polar_delta_frame_of_the_makers_sdk() -> None:
    # AccDataTest of the vendor's SDK, compressed type 1: differences of 6 bits, -5, -3 and 0.
    samples = POLAR.decode(bytes.fromhex("f1ff 1400 f003 06 01 7b0f08"))
    assert samples.digital.tolist() == [[-15, 20, 1008], [-20, 17, 1008]]


def test_a_polar_delta_frame_with_differences_of_ten_bits() -> None:
    # The beginning of the SDK's compressed type 0 vector: 190, -105 and -85, said to begin in be 5c be ba; the count
    # is put down to one sample.
    samples = POLAR.decode(bytes.fromhex("7107 f06a 9e8d 0a 01 be5cbe3a"))
    assert samples.digital.tolist() == [[1905, 27376, -29282], [1905 + 190, 27376 - 105, -29282 - 85]]


def test_a_polar_delta_frame_may_have_several_blocks_and_empty_ones() -> None:
    # By hand: differences of 8 bits are bytes; then a block of none, then one of no bits, two samples that do not move.
    samples = POLAR.decode(bytes.fromhex("0100 0200 0300  08 01 01 ff 00  05 00  00 02"))
    assert samples.digital.tolist() == [[1, 2, 3], [2, 1, 3], [2, 1, 3], [2, 1, 3]]


@pytest.mark.parametrize(
    "packet", ["", "0100 0200 03", "0100 0200 0300 08", "0100 0200 0300 08 01 01 ff", "00" * 6 + "2101"]
)
def test_a_polar_delta_frame_that_is_cut_or_claims_too_wide_differences_is_refused(packet: str) -> None:
    with pytest.raises(PartialFrame):
        POLAR.decode(bytes.fromhex(packet))


def test_polar_samples_that_leave_sixteen_bits_stop_at_the_rail() -> None:
    samples = POLAR.decode(bytes.fromhex("ff7f 0080 0000 08 01 01 ff 00"))
    assert samples.digital.tolist() == [[32767, -32768, 0], [32767, -32768, 0]]


GANGLION = StreamDecoder(load_profile("ganglion").stream[0])


# The vectors of OpenBCI's NodeJS utilities, #decompressDeltas19Bit and #decompressDeltas18Bit. They were written for
# firmware 2, which keeps the sign in the lowest bit; only values that have the same sign in two's complement are used.
def test_ganglion_packets_of_nineteen_bits_unpack_as_in_the_makers_vectors() -> None:
    small = bytes.fromhex("6a 00 00 00 00 08 00 05 00 00 48 00 09 f0 01 b0 00 30 00 08")
    negative = bytes.fromhex("6a ff ff bf ff ef ff fc ff ff 58 00 0b 3e 38 e0 00 3f f0 01")
    assert GANGLION.decode(small).digital[0].tolist() == [0, 2, 10, 4]
    assert GANGLION.decode(negative).digital.tolist() == [[-3, -5, -7, -11], [-262139, -198429, -262137, -4095]]


def test_ganglion_packets_of_eighteen_bits_are_brought_to_the_steps_of_nineteen() -> None:
    small = bytes.fromhex("05 00 00 00 00 20 00 28 00 04 80 00 bc 00 07 00 28 c0 0a 7f")
    negative = bytes.fromhex("05 ff ff 7f ff bf ff e7 ff f5 00 01 4f 8e 30 00 1f f0 01 7f")
    assert GANGLION.decode(small).digital[0].tolist() == [2 * 0, 2 * 2, 2 * 10, 2 * 4]
    assert GANGLION.decode(negative).digital[0].tolist() == [2 * -3, 2 * -5, 2 * -7, 2 * -11]


def test_what_a_ganglion_says_besides_is_no_measurement() -> None:
    with pytest.raises(UnknownPacket):  # 206: text
        GANGLION.decode(bytes([206]) + b"hello".ljust(19))
    with pytest.raises(PartialFrame):
        GANGLION.decode(bytes(19))


THERMOMETER = decoder("ieee11073", ("skin",), quantum=0.01)


@pytest.mark.parametrize(
    ("packet", "hundredths"),
    [
        ("00 6c0100ff", 3640),  # the standard's own example: 0xff00016c is 36.4
        ("01 d80300ff", 3689),  # 98.4 degF
        ("06 0b0d00fe e4070b16170000 02", 3339),  # with a time stamp and a place behind it
        ("00 ffffff00", -100),
    ],
)
def test_a_health_thermometers_decimal_float_is_read_in_degrees_celsius(packet: str, hundredths: int) -> None:
    assert THERMOMETER.decode(bytes.fromhex(packet)).digital.tolist() == [[hundredths]]


@pytest.mark.parametrize("special", ["feff7f00", "ffff7f00", "00008000", "01008000", "02008000"])
def test_a_health_thermometer_that_has_no_value_is_refused(special: str) -> None:
    with pytest.raises(NotANumber):
        THERMOMETER.decode(bytes.fromhex("00" + special))


def test_a_health_thermometers_packet_has_five_bytes_at_least() -> None:
    with pytest.raises(PartialFrame):
        THERMOMETER.decode(bytes.fromhex("00 6c0100"))


@pytest.mark.parametrize(
    ("text", "instants"),
    [(b"512", [[512]]), (b"12\r\n13\r\n", [[12], [13]]), (b" -3;4\0", [[-3], [4]]), (b"2.6", [[3]]), (b"1e2", [[100]])],
)
def test_numbers_in_text_are_read(text: bytes, instants: list[list[int]]) -> None:
    assert decoder("ascii", ("emg",)).decode(text).digital.tolist() == instants


def test_numbers_in_text_are_the_channels_of_one_instant_after_the_other() -> None:
    samples = decoder("ascii", ("a", "b"), quantum=0.5).decode(b"1.5,2;3,4")
    assert samples.digital.tolist() == [[3, 4], [6, 8]]


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        (b"", NoSamples),
        (b" ;\r\n", NoSamples),
        (b"1,2,3", PartialFrame),
        (b"1,\xff", NotANumber),
        (b"nan,1", NotANumber),
        (b"1,1e309", NotANumber),
    ],
)
def test_text_that_is_no_whole_instants_of_numbers_is_refused(text: bytes, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        decoder("ascii", ("a", "b")).decode(text)


@given(st.data(), st.integers(1, 32), st.sampled_from(["little", "big"]))
def test_integers_of_any_width_unpack_to_what_was_packed(data: st.DataObject, width: int, order: str) -> None:
    limit = 2 ** (width - 1)
    values = data.draw(st.lists(st.integers(-limit, limit - 1), min_size=1, max_size=20))
    texts = [f"{value % 2**width:0{width}b}" for value in values]
    if order == "big":
        bits = "".join(texts)
        packed = bytes(int(bits[k : k + 8].ljust(8, "0"), 2) for k in range(0, len(bits), 8))
        unpacked = unpack_signed(packed, width, len(values), "big")
    else:
        bits = "".join(text[::-1] for text in texts)
        packed = bytes(int(bits[k : k + 8].ljust(8, "0")[::-1], 2) for k in range(0, len(bits), 8))
        unpacked = unpack_signed(packed, width, len(values), "little")
    assert unpacked.tolist() == values
