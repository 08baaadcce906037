"""A device profile says what a wearable speaks; a wrong one is refused in words."""

import struct
from importlib import resources
from pathlib import Path

import pytest

from collector.devices.profile import BadProfile, Command, describe, load_profile, own_profiles, parse_profile

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
BUZZ = f"""[buzz]
char = "{CHAR}"
cramp = "0303"
fault = "0301"
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


def test_a_command_may_be_bytes_with_text_behind_them() -> None:
    command = Command(char=CHAR, hex="0102", text="/Meas/Temp")
    assert command.payload({}) == b"\x01\x02/Meas/Temp"


def test_a_test_of_the_alarm_buzzes_like_a_cramp_and_a_fault_in_its_own_way() -> None:
    buzz = parse_profile(STREAM.replace("[[stream]]", BUZZ + "[[stream]]"), "mine.toml").buzz
    assert buzz is not None
    assert buzz.command("cramp") == buzz.command("test") == Command(char=CHAR, hex="0303")
    assert buzz.command("fault") == Command(char=CHAR, hex="0301")


def test_a_profile_of_ones_own_is_read_from_its_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(STREAM)
    assert load_profile(str(path)).stream[0].rate_hz == 250


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ('"i16 v"', '"i17 v"', 8, "'i17 v' is no field"),
        ('field = "v"', 'field = "w"', 9, "'w' is not in its frame"),
        ('field = "v"', "weights = { v = 1, w = 2 }", 9, "'w' is not in its frame"),
        ('field = "v"', "", 4, "name the field that is the sample"),
        ('"i16 v"', '"u32 v"', 9, "32 bits at most, signed"),
        ('"i16 v"', '"i16 v", "u8 v"', 8, "names a field twice"),
        ('"i16 v"', '"i16 v[2]"', 12, "1 channels are named"),
        ('frame = ["i16 v"]', "", 4, "it has no fields"),
        ('unit = "uV"', 'unit = "uV"\ncounter = { field = "m" }', 12, "'m' is not in its header or frame"),
        ('unit = "uV"', 'unit = "uV"\ncounter = { field = "v" }', 12, "one unsigned integer"),
        ('unit = "uV"', 'unit = "uV"\nclock = { field = "v", unit = "ms" }', 12, "'v' is not in its header"),
        ('unit = "uV"', 'unit = "uV"\n[stream.clock]\nfield = "n"\nunit = "h"', 14, "Invalid enum value 'h'"),
        ("rate_hz = 250", "rate_hz = 0", 10, "rate_hz"),
        ("rate_hz = 250", "rate_hz = ", 10, "Invalid value"),
        ('unit = "uV"', 'units = "uV"', 11, "unknown field `units`"),
        ('unit = "uV"', 'unit = "uV"\ncodec = "ganglion"', 12, "leave out frame"),
        ('unit = "uV"', 'unit = "uV"\nrails = [5, 5]', 12, "not a range"),
        ('unit = "uV"', 'unit = "uV"\nlengths = [21]', 2, "min_mtu of 24"),
        (CHAR, "1234", 6, "char"),
        ("[[stream]]", '[[start]]\nchar = "' + CHAR + '"\n[[stream]]', 4, "a command needs bytes"),
        ("[[stream]]", BUZZ.replace("0303", "3") + "[[stream]]", 6, "buzz.cramp"),
        ("[[stream]]", BUZZ.replace("0303", "") + "[[stream]]", 6, "buzz.cramp"),
        ("[[stream]]", BUZZ.replace('fault = "0301"', "") + "[[stream]]", 4, "missing required field `fault`"),
        ("[[stream]]", BUZZ.replace(CHAR, "2a06") + "[[stream]]", 5, "buzz.char"),
        ("[[stream]]", BUZZ.replace("fault", "loud") + "[[stream]]", 7, "unknown field `loud`"),
        ("[[stream]]", '[[start]]\nchar = "' + CHAR + '"\ntext = "GO\u00fc"\n[[stream]]', 6, "not ASCII"),
    ],
)
def test_a_wrong_profile_is_refused_with_what_is_wrong_and_where(old: str, new: str, line: int, says: str) -> None:
    with pytest.raises(BadProfile) as refused:
        parse_profile(STREAM.replace(old, new, 1), "mine.toml")
    assert says in str(refused.value)
    assert str(refused.value).startswith(f"mine.toml:{line}: ")


def test_of_two_streams_the_faulty_one_is_named() -> None:
    second = STREAM[STREAM.index("[[stream]]") :].replace('"emg"', '"acc"').replace("250", '"fast"')
    with pytest.raises(BadProfile, match=r"^mine\.toml:19: .*stream\[1\]\.rate_hz"):
        parse_profile(STREAM + second, "mine.toml")


def test_a_session_has_one_stream_of_each_kind() -> None:
    with pytest.raises(BadProfile, match="two of one kind"):
        parse_profile(STREAM + STREAM[STREAM.index("[[stream]]") :], "mine.toml")


def test_a_profile_in_the_users_folder_has_its_files_name(tmp_path: Path) -> None:
    (tmp_path / "sock.toml").write_text(STREAM)
    assert own_profiles(tmp_path) == ("sock",)
    assert load_profile("sock", tmp_path).stream[0].names == ("calf",)


def test_a_file_of_the_users_cannot_take_the_place_of_a_shipped_profile(tmp_path: Path) -> None:
    (tmp_path / "umyo.toml").write_text(STREAM)
    with pytest.raises(BadProfile, match="give the file another name"):
        load_profile("umyo", tmp_path)


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_told(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    if content:
        path.write_bytes(content)
    with pytest.raises(BadProfile, match="cannot be read"):
        load_profile(str(path))


def test_an_unknown_profile_name_is_told() -> None:
    with pytest.raises(BadProfile, match="no device profile 'tensor-sock'"):
        load_profile("tensor-sock")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "[device]\nmatch = {}\n[[stream]]\n[stream.weights]\nv = 'x'\n",
            r"^test:\d+: .*weights",
        ),  # path ends in `[...]`
        ("a = " + "[" * 5000, "nested deeper"),
    ],
)
def test_a_fault_in_a_place_that_has_no_line_of_its_own_is_told_all_the_same(text: str, told: str) -> None:
    with pytest.raises(BadProfile, match=told):
        parse_profile(text, "test")


def test_an_empty_name_is_no_field() -> None:
    text = (resources.files("collector.devices") / "cramp-node.toml").read_text()
    with pytest.raises(BadProfile, match="'' is not in its frame"):
        parse_profile(text.replace('field = "value"', 'field = ""', 1), "test")
