"""What goes over the wire is fixed to the byte, and what is not ours is refused by name."""

import zlib
from typing import Literal

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from collector.contract import errors
from collector.contract.codec import MAX_BYTES, RefusalCounter, decode_block, decode_json, encode_block, encode_json
from collector.contract.messages import (
    Ack,
    Buzz,
    Channel,
    Clock,
    Fault,
    Faults,
    Health,
    LinkHealth,
    ReplayRequest,
    SampleBlock,
    Status,
)
from tests.support.blocks import block

BLOCK = SampleBlock(
    session="2026-11-19_w1_left_calf_3f2a",
    streams=("emg", "acc"),
    stream="emg",
    seq=7,
    first_index=1750,
    fs=250.0,
    clock=Clock(index=1000, t_ns=1_795_100_000_000_000_000, fs=250.0125),
    channels=(Channel(name="EMG L_GastrocMed", unit="uV", scale=0.25),),
    samples=bytes.fromhex("0100 ffff 0080"),
)
# By the MessagePack specification: 8b a map of 11; a1 76 "v"; 92 an array of two; cd a 16-bit, cf a 64-bit unsigned
# integer; cb a double (406f4000... is 250.0, 3fd0... is 0.25); c4 06 six raw bytes;
# ce a 32-bit unsigned integer, the CRC-32 of all before it (as gzip writes it).
BLOCK_BYTES = bytes.fromhex(
    "8b a176 01"
    "a773657373696f6e bc323032362d31312d31395f77315f6c6566745f63616c665f33663261"
    "a773747265616d73 92a3656d67a3616363"
    "a673747265616d a3656d67"
    "a3736571 07"
    "ab66697273745f696e646578 cd06d6"
    "a26673 cb406f400000000000"
    "a5636c6f636b 83 a5696e646578 cd03e8 a4745f6e73 cf18e979f06c4dc000 a26673 cb406f406666666666"
    "a86368616e6e656c73 91 82 a46e616d65 b0454d47204c5f47617374726f634d6564 a57363616c65 cb3fd0000000000000"
    "a56474797065 a33c6932"
    "a773616d706c6573 c406 0100ffff0080"
    "ce d2d26374"
)
CHECKSUM_BYTES = 5
JSON: list[tuple[msgspec.Struct, bytes]] = [
    (
        Status(state="ended", t_ns=5, session="s", last_seq={"emg": 3}, reason="switched off"),
        b'{"v":1,"state":"ended","t_ns":5,"session":"s","last_seq":{"emg":3},"reason":"switched off"}',
    ),
    (Ack(session="s", next_seq={"emg": 4}, t_ns=5), b'{"v":1,"session":"s","next_seq":{"emg":4},"t_ns":5}'),
    (Buzz(kind="cramp", t_ns=5), b'{"v":1,"kind":"cramp","t_ns":5}'),
    (ReplayRequest(session="s", from_seq={"acc": 2}), b'{"v":1,"session":"s","from_seq":{"acc":2}}'),
    (
        Health(
            t_ns=5,
            session=None,
            links=(LinkHealth(device="node", state="streaming", streams=("emg",), rssi_dbm=-61, battery_percent=80.5),),
            samples={"emg": 250},
            lost={"emg": 1},
            fitted_ppm={"emg": 12.5},
            rate={"emg": 0.996},
            refused={"Truncated": 1},
            unpublished=3,
        ),
        (
            b'{"v":1,"t_ns":5,"session":null,"links":[{"device":"node","state":"streaming","streams":["emg"],'
            b'"rssi_dbm":-61,"battery_percent":80.5,"battery_hours_left":null,"reconnects":0,"last_data_age_s":null}],'
            b'"samples":{"emg":250},"lost":{"emg":1},"fitted_ppm":{"emg":12.5},"rate":{"emg":0.996},'
            b'"refused":{"Truncated":1},"unpublished":3}'
        ),
    ),
    (
        Faults(t_ns=5, faults=(Fault(device="node", streams=("acc",), since_ns=4, cause="away", cure="look"),)),
        (b'{"v":1,"t_ns":5,"faults":[{"device":"node","streams":["acc"],"since_ns":4,"cause":"away","cure":"look"}]}'),
    ),
]


channels = st.builds(
    Channel,
    name=st.text(min_size=1, max_size=80),
    unit=st.sampled_from(["uV", "mg", "degC", "adc"]),
    scale=st.floats(1e-6, 1e6),
    offset=st.floats(-1e6, 1e6),
)


@st.composite
def blocks(draw: st.DrawFn) -> SampleBlock:
    carried = draw(st.lists(channels, min_size=1, max_size=4))
    dtype: Literal["<i2", "<i4"] = draw(st.sampled_from(["<i2", "<i4"]))
    size = int(dtype[-1])
    instants = draw(st.integers(1, 20))
    start = draw(st.integers(0, 10**9))
    return SampleBlock(
        session="s",
        streams=("emg", "acc", "temp"),
        stream=draw(st.sampled_from(["emg", "acc", "temp"])),
        seq=draw(st.integers(0, 2**53)),
        first_index=start + draw(st.integers(0, 10**7)),
        fs=draw(st.floats(0.1, 1e5)),
        clock=Clock(index=start, t_ns=draw(st.integers(0, 2**61)), fs=draw(st.floats(0.1, 1e5))),
        channels=tuple(carried),
        dtype=dtype,
        samples=draw(st.binary(min_size=instants * len(carried) * size, max_size=instants * len(carried) * size)),
    )


def changed(**fields: object) -> bytes:
    """The golden block with other values in some fields."""
    return sealed(msgspec.msgpack.encode({**msgspec.msgpack.decode(BLOCK_BYTES[:-CHECKSUM_BYTES]), **fields}))


def sealed(content: bytes) -> bytes:
    """With the checksum that makes any content look as it was sent."""
    return content + b"\xce" + zlib.crc32(content).to_bytes(4, "big")


def test_a_block_has_these_bytes() -> None:
    assert encode_block(BLOCK) == BLOCK_BYTES


def test_these_bytes_are_a_block() -> None:
    assert decode_block(BLOCK_BYTES) == BLOCK


@pytest.mark.parametrize(("message", "expected"), JSON, ids=lambda value: type(value).__name__)
def test_a_message_has_this_json_and_the_json_is_that_message(message: msgspec.Struct, expected: bytes) -> None:
    assert encode_json(message) == expected
    assert decode_json(expected, type(message)) == message


@given(blocks())
def test_every_block_comes_back_as_it_was(original: SampleBlock) -> None:
    assert decode_block(encode_block(original)) == original


@given(st.binary(max_size=200))
def test_no_bytes_make_the_block_decoder_fail_in_any_other_way_than_by_name(content: bytes) -> None:
    for payload in (content, sealed(content)):
        with pytest.raises(errors.ContractError):
            decode_block(payload)


@given(st.integers(0, len(BLOCK_BYTES) - 1), st.binary(min_size=1, max_size=4))
def test_whatever_byte_was_changed_on_the_way_the_block_is_refused(at: int, damage: bytes) -> None:
    payload = BLOCK_BYTES[:at] + damage + BLOCK_BYTES[at + len(damage) :]
    assume(payload != BLOCK_BYTES)
    with pytest.raises(errors.Damaged):
        decode_block(payload)


@given(st.integers(0, len(BLOCK_BYTES) - 1 - CHECKSUM_BYTES), st.binary(min_size=1, max_size=4))
def test_odd_content_with_its_checksum_is_refused_by_name_or_is_consistent(at: int, odd: bytes) -> None:
    payload = sealed((BLOCK_BYTES[:at] + odd + BLOCK_BYTES[at + len(odd) :])[:-CHECKSUM_BYTES])
    try:
        decoded = decode_block(payload)
    except errors.ContractError:
        return
    assert decoded.physical().shape == (decoded.count, len(decoded.channels))
    assert 0 <= decoded.t0_ns <= decoded.end_ns


@given(st.binary(max_size=200))
def test_no_bytes_make_the_json_decoder_fail_in_any_other_way_than_by_name(payload: bytes) -> None:
    with pytest.raises(errors.ContractError):
        decode_json(payload, Ack)


@pytest.mark.parametrize("length", range(1, len(BLOCK_BYTES)))
def test_a_block_cut_short_is_damaged(length: int) -> None:
    with pytest.raises(errors.Damaged):
        decode_block(BLOCK_BYTES[:length])


@pytest.mark.parametrize("length", range(1, len(BLOCK_BYTES) - CHECKSUM_BYTES))
def test_a_block_that_was_sent_cut_short_is_truncated(length: int) -> None:
    with pytest.raises(errors.Truncated):
        decode_block(sealed(BLOCK_BYTES[:length]))


def test_an_empty_message_is_truncated() -> None:
    with pytest.raises(errors.Truncated):
        decode_block(b"")


def test_a_message_of_more_than_4_mib_is_oversized() -> None:
    assert MAX_BYTES == 4_194_304
    with pytest.raises(errors.Oversized):
        decode_block(bytes(MAX_BYTES + 1))


@pytest.mark.parametrize("fields", [{"v": 2}, {"v": 2, "samples": "another form in a later version"}])
def test_a_block_of_another_version_is_told_by_its_version(fields: dict[str, object]) -> None:
    with pytest.raises(errors.WrongVersion, match="version 2, this program speaks 1"):
        decode_block(changed(**fields))


@pytest.mark.parametrize("text", [b'{"v":2,"session":"s","next_seq":{},"t_ns":5}', b'{"v":2,"other":1}'])
def test_json_of_another_version_is_told_by_its_version(text: bytes) -> None:
    with pytest.raises(errors.WrongVersion):
        decode_json(text, Ack)


@pytest.mark.parametrize(
    "fields",
    [
        {"samples": b""},
        {"samples": b"\0\0\0"},
        {"channels": []},
        {"streams": ["acc"]},
        {"channels": [{"name": "EMG", "scale": 0.0}]},
        {"channels": [{"name": "EMG", "scale": float("nan")}]},
        {"channels": [{"name": "EMG", "offset": float("inf")}]},
        {"channels": [{"name": "EMG", "digital_min": 5, "digital_max": 5}]},
        {"first_index": 2**53, "clock": {"index": 0, "t_ns": 0, "fs": 0.001}},  # 285 million years
        {"first_index": 0, "clock": {"index": 1000, "t_ns": 0, "fs": 1.0}},  # before 1970
    ],
    ids=str,
)
def test_a_block_that_contradicts_itself_is_inconsistent(fields: dict[str, object]) -> None:
    with pytest.raises(errors.Inconsistent):
        decode_block(changed(**fields))


@pytest.mark.parametrize(
    "fields",
    [
        {"stream": "ecg"},
        {"dtype": "<f4"},
        {"seq": -1},
        {"fs": 0.0},
        {"fs": float("nan")},
        {"session": "../../etc"},
        {"clock": {"index": 0, "t_ns": -1, "fs": 1.0}},
    ],
    ids=str,
)
def test_a_block_with_an_impossible_field_is_malformed(fields: dict[str, object]) -> None:
    with pytest.raises(errors.Malformed):
        decode_block(changed(**fields))


def test_text_that_is_not_utf8_is_malformed() -> None:
    with pytest.raises(errors.Malformed):
        decode_block(sealed(BLOCK_BYTES[:-CHECKSUM_BYTES].replace(b"w1_left", b"\xff1_left")))
    with pytest.raises(errors.Malformed):
        decode_json(b'{"session":"\xff"}', Ack)


def test_nesting_without_end_is_malformed() -> None:
    with pytest.raises(errors.Malformed):
        decode_block(sealed(b"\x81\xa1x" + b"\x91" * 100_000))
    with pytest.raises(errors.Malformed):
        decode_json(b'{"x":' + b"[" * 100_000, Ack)


def test_physical_values_are_digital_ones_scaled_and_shifted() -> None:
    skin = msgspec.structs.replace(
        block(0, "temp", samples=[3000, 3150]), channels=(Channel(name="skin", unit="degC", scale=0.01, offset=0.5),)
    )
    assert skin.physical()[:, 0].tolist() == pytest.approx([30.5, 32.0])


def test_the_time_of_a_sample_follows_from_the_fitted_rate() -> None:
    # 250.0125 Hz: 1,000,050 samples later, 4000 s have passed.
    assert BLOCK.clock.time_ns(1000 + 1_000_050) - BLOCK.clock.t_ns == 4_000_000_000_000


def test_a_cut_block_keeps_its_times_and_its_samples() -> None:
    whole = block(3, samples=list(range(10)))
    part = whole.cut(4, 7, seq=9)
    assert (part.seq, part.first_index, part.count) == (9, 34, 3)
    assert part.digital()[:, 0].tolist() == [4, 5, 6]
    assert part.t0_ns == whole.t0_ns + 400_000_000


def test_each_reason_of_refusal_is_counted_and_worth_a_line_once() -> None:
    counter = RefusalCounter()
    assert counter.count(errors.Truncated("a"))
    assert not counter.count(errors.Truncated("b"))
    assert counter.count(errors.Oversized("c"))
    assert counter.counts == {"Truncated": 2, "Oversized": 1}


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (ReplayRequest, b'{"v":1,"session":"s","from_seq":{"emg":18446744073709551616}}'),
        (ReplayRequest, b'{"v":1,"session":"s","from_seq":{"emg":-1}}'),
        (ReplayRequest, b'{"v":1,"session":"s\\n","from_seq":{}}'),
        (Status, b'{"v":1,"state":"offline","t_ns":-1}'),
        (Status, b'{"v":1,"state":"ended","t_ns":5,"session":"s","last_seq":{"emg":9007199254740993}}'),
        (Ack, b'{"v":1,"session":"s","next_seq":{},"t_ns":4611686018427387905}'),
        (LinkHealth, b'{"device":"node","state":"streaming","last_data_age_s":-1e308}'),
        (LinkHealth, b'{"device":"node","state":"streaming","battery_hours_left":1e308}'),
    ],
)
def test_a_number_or_time_that_no_session_has_is_malformed(kind: type[msgspec.Struct], text: bytes) -> None:
    with pytest.raises(errors.Malformed):
        decode_json(text, kind)
