"""A device profile says what a wearable speaks; a wrong one is refused in words."""

import struct
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.devices.layout import BadLayout, parse_layout
from collector.devices.profile import BadProfile, Command, describe, load_profile, parse_profile

CRAMP_NODE = load_profile("cramp-node")
CHAR = "12340003-0000-4000-8000-000000000000"
STREAM = f"""
[device]
match = {{ name_prefix = "x" }}
[[stream]]
kind = "emg"
char = "{CHAR}"
header = ["u32 n"]
frame = ["i16 v"]
field = "v"
rate_hz = 250
unit = "uV"
names = ["calf"]
"""


def node_info(emg_channels: int = 1, emg_rate_hz: float = 250.0, temp_channels: int = 1) -> bytes:
    """The 92 bytes of docs/reference/cramp-node.md, written with struct alone."""
    return (
        struct.pack("<BI", 1, 0xCAFE)
        + struct.pack("<Bdddhh", emg_channels, emg_rate_hz, 0.5, 0.0, -2048, 2047)
        + struct.pack("<Bdddhh", 3, 50.0, 0.25, 0.0, -32768, 32767)
        + struct.pack("<Bdddhh", temp_channels, 0.2, 0.01, 0.0, -32768, 32767)
    )


def test_what_the_node_says_of_itself_goes_before_the_profile() -> None:
    info = describe(CRAMP_NODE, node_info())
    assert info.boot == 0xCAFE
    emg = info.streams[0]
    assert (emg.rate_hz, emg.scale, emg.rails) == (250.0, 0.5, (-2048, 2047))
    assert emg.channels[0].digital_max == 2047


def test_a_stream_without_channels_does_not_exist() -> None:
    assert [stream.kind for stream in describe(CRAMP_NODE, node_info(temp_channels=0)).streams] == ["emg", "acc"]


def test_channels_beyond_the_named_ones_are_numbered() -> None:
    assert describe(CRAMP_NODE, node_info(emg_channels=3)).streams[0].names == ("emg", "emg 2", "emg 3")


@pytest.mark.parametrize(
    "info", [b"", node_info()[:-1], b"\x02" + node_info()[1:], node_info(emg_rate_hz=0.0), node_info(emg_rate_hz=-1.0)]
)
def test_a_description_that_makes_no_sense_is_refused(info: bytes) -> None:
    with pytest.raises(BadProfile):
        describe(CRAMP_NODE, info)


def test_the_start_command_carries_the_index_to_resume_from_and_all_ones_for_from_now() -> None:
    (start,) = CRAMP_NODE.start
    assert start.payload({"emg": 1000, "temp": 2}) == bytes.fromhex("01 e8030000 ffffffff 02000000")


def test_a_fixed_command_is_sent_as_it_stands() -> None:
    assert Command(char=CHAR, hex="0103020100").payload({}) == bytes.fromhex("0103020100")


def test_a_profile_of_ones_own_is_read_from_its_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(STREAM)
    assert load_profile(str(path)).stream[0].rate_hz == 250


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"i16 v"', '"i17 v"', "'i17 v' is no field"),
        ('field = "v"', 'field = "w"', "'w' is not in its frame"),
        ('"i16 v"', '"f32 v"', "must be integers"),
        ('"i16 v"', '"u32 v"', "must be integers"),
        ('"i16 v"', '"i16 v", "u8 v"', "names a field twice"),
        ('unit = "uV"', 'unit = "uV"\ncounter = { field = "m", bits = 32 }', "'m' is not in its header"),
        ("rate_hz = 250", "rate_hz = 0", "rate_hz"),
        ('unit = "uV"', 'units = "uV"', "units"),
        (CHAR, "1234", "char"),
    ],
)
def test_a_wrong_profile_is_refused_with_what_is_wrong(old: str, new: str, says: str) -> None:
    with pytest.raises(BadProfile, match=says):
        parse_profile(STREAM.replace(old, new), "mine")


def test_an_unknown_profile_name_is_told() -> None:
    with pytest.raises(BadProfile, match="no device profile 'tensor-sock'"):
        load_profile("tensor-sock")


def test_a_layout_is_packed_without_padding() -> None:
    layout = parse_layout(["u8 a", "u32 b", "i16be c[3]"], 1)
    assert layout.dtype.itemsize == 1 + 4 + 6
    assert (layout.offset("b"), layout.offset("c")) == (1, 5)


@pytest.mark.parametrize("text", ["u8", "u8 a[0]", "u8 a[9999]", "u8 a[-1]", "u8 a=256", "u8 a=-1", "", "u8  a"])
def test_a_field_that_cannot_be_is_a_bad_layout(text: str) -> None:
    with pytest.raises(BadLayout):
        parse_layout([text], 1)


@given(st.from_regex(r"[uif](8|16|32|64)(be)? [a-z]+(\[\d+\]|=\d+)?", fullmatch=True))
def test_whatever_looks_like_a_field_is_one_or_is_refused(text: str) -> None:
    with suppress(BadLayout):
        assert parse_layout([text], 1).dtype.itemsize > 0
