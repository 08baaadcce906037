"""`crampwatch devices`: what is supported is listed, a profile is checked before the night needs it."""

from pathlib import Path

import pytest

from collector.devices.decoder import PartialFrame, UnknownPacket
from collector.devices.profile import BadProfile, shipped_profiles
from crampwatch.cli import build
from crampwatch.commands.devices.check import check
from crampwatch.commands.devices.listing import list_devices
from crampwatch.errors import UserError

NODE_PACKET = "10270000 409c0000 0100 ffff 0080 ff7f"
"""The example of docs/reference/cramp-node.md: 1, -1, -32768 and 32767 of 0.25 uV each, from sample 10000 at 40 s."""
OWN = """
[device]
match = { name_prefix = "sock" }
[[stream]]
kind = "emg"
char = "12340003-0000-4000-8000-000000000000"
codec = "ascii"
rate_hz = 100
unit = "adc"
names = ["calf"]
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "sock.toml"
    path.write_text(OWN)
    return path


def test_the_list_has_every_shipped_profile_and_those_of_the_folder(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    list_devices(folder=own.parent)
    listed = {line.split()[0] for line in capsys.readouterr().out.splitlines() if line[:1].strip()}
    assert listed >= {*shipped_profiles(), "sock"}


def test_a_profile_without_fault_is_said_to_be_so(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check(str(own))
    assert "no fault found" in capsys.readouterr().out


def test_a_fault_is_told_with_file_and_line(own: Path) -> None:
    own.write_text(OWN.replace("rate_hz", "rate"))
    with pytest.raises(BadProfile, match=r"sock\.toml:8: .*unknown field `rate`"):
        check(str(own))


def test_a_packet_is_shown_in_the_streams_unit(capsys: pytest.CaptureFixture[str]) -> None:
    check("cramp-node", packets=(f"5b1e0003={NODE_PACKET}",))
    shown = capsys.readouterr().out
    assert "emg in uV, first sample 10000, device clock 40.000000 s" in shown
    assert [line.strip() for line in shown.splitlines()[-4:]] == ["0.25", "-0.25", "-8192", "8191.75"]


def test_the_characteristic_may_be_left_out_where_only_one_stream_fits(capsys: pytest.CaptureFixture[str]) -> None:
    check("thingy52", packets=("21:1e",))
    assert "33.3" in capsys.readouterr().out


def test_a_packet_that_fits_several_streams_asks_for_the_characteristic() -> None:
    with pytest.raises(UserError, match=r"5b1e0003.* or 5b1e0005.*write --hex 5b1e0003"):
        check("cramp-node", packets=(NODE_PACKET,))


@pytest.mark.parametrize(
    ("packet", "error", "says"),
    [
        ("5b1e0003=0", UserError, "two digits"),
        ("5b1e0003=xy", UserError, "two digits"),
        ("ffff=00", UserError, "no stream of the profile is on characteristic ffff"),
        ("5b1e0003=00", PartialFrame, "whole frames"),
    ],
)
def test_a_packet_that_cannot_be_shown_is_explained(packet: str, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        check("cramp-node", packets=(packet,))


def test_a_packet_of_no_stream_is_refused() -> None:
    with pytest.raises(UnknownPacket):
        check("umyo", packets=("0011",))


def test_packets_follow_their_option_on_the_command_line() -> None:
    arguments = ["devices", "check", "cramp-node", "--hex", "5b1e0003=00 11", "--hex", "22"]
    _, bound, _ = build().parse_args(arguments, exit_on_error=False, print_error=False)
    assert bound.arguments == {"profile": "cramp-node", "packets": ("5b1e0003=00 11", "22")}
