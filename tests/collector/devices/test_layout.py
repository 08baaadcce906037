"""Byte layouts as text: packed, checked, and refused in words."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.devices.layout import BadLayout, parse_layout


def test_a_layout_is_packed_without_padding() -> None:
    layout = parse_layout(["u8 a", "u32 b", "i16be c[3]"], 1)
    assert layout.dtype.itemsize == 1 + 4 + 6
    assert (layout.offset("b"), layout.offset("c")) == (1, 5)


def test_a_fixed_value_may_be_written_as_in_a_data_sheet() -> None:
    layout = parse_layout(["u8 kind=0x81", "u16be more=258"], 0)
    assert layout.matches(bytes.fromhex("81 0102 ff"))
    assert not layout.matches(bytes.fromhex("80 0102 ff"))


@pytest.mark.parametrize(
    ("text", "packet", "value"),
    [
        ("u8 n", "aa bb cc", 0xAA),
        ("u16 n", "01 02", 0x0201),
        ("u16be n", "01 02", 0x0102),
        ("u32 n", "01 02 03 04", 0x04030201),
        ("u64be n", "00 00 00 00 00 00 01 00", 256),
    ],
)
def test_an_integer_field_is_read_in_its_byte_order(text: str, packet: str, value: int) -> None:
    assert parse_layout([text], 0).integer("n").read(bytes.fromhex(packet)) == value


@pytest.mark.parametrize("text", ["i16 n", "f32 n", "u8 n[2]"])
def test_what_is_not_one_unsigned_integer_cannot_be_a_counter(text: str) -> None:
    with pytest.raises(BadLayout, match="one unsigned integer"):
        parse_layout([text], 0).integer("n")


@pytest.mark.parametrize("text", ["u8", "u8 a[0]", "u8 a[9999]", "u8 a[-1]", "u8 a=256", "u8 a=-1", "", "u8  a"])
def test_a_field_that_cannot_be_is_a_bad_layout(text: str) -> None:
    with pytest.raises(BadLayout):
        parse_layout([text], 1)


@given(st.from_regex(r"[uif](8|16|32|64)(be)? [a-z]+(\[\d+\]|=\d+)?", fullmatch=True))
def test_whatever_looks_like_a_field_is_one_or_is_refused(text: str) -> None:
    with suppress(BadLayout):
        assert parse_layout([text], 1).dtype.itemsize > 0
