"""`crampwatch devices scan`, `sniff` and `capture`: what is near, what it sends, and a file of that to give away."""

from pathlib import Path

import pytest

from collector import scan as collector_scan
from collector.backend import Backend
from collector.contract.errors import BadRecording
from collector.settings import DeviceSettings
from collector.simulator.bluez.private_bus import PrivateBus
from collector.simulator.bluez.stand_in import BlueZStandIn
from collector.simulator.memory_backend import memory_backend
from collector.simulator.virtual_wearable import VirtualWearable
from crampwatch.cli import build
from crampwatch.commands.devices.capture import capture, capture_with
from crampwatch.commands.devices.check import check
from crampwatch.commands.devices.scan import scan_with
from crampwatch.commands.devices.sniff import sniff_with
from crampwatch.commands.devices.wearables import profiles_in
from crampwatch.errors import UserError
from crampwatch.radio.capture import read, replay
from crampwatch.radio.tap import device_named
from tests.support.chatty import ADDRESS, EMG, NAME, PROFILES, SERIAL, TEXT, Chatty
from tests.support.wearables import ramp

SOCK = DeviceSettings(name=NAME)
TWO_PACKETS = [bytes.fromhex("00 0100 0200"), bytes.fromhex("02 0300 0400")]
"""Two instants each; the device counts packets' first instants in one byte."""
WITH_A_GAP = [*TWO_PACKETS, bytes.fromhex("09 0500")]
"""Instants 4 to 8 are missing."""


async def shown_by_scan(capsys: pytest.CaptureFixture[str], *air: Chatty | VirtualWearable) -> list[str]:
    await scan_with(memory_backend(air), profiles_in(Path("none")) | PROFILES, 0.05, None)
    return capsys.readouterr().out.splitlines()


async def test_a_scan_shows_name_address_strength_and_the_profile_that_fits(capsys: pytest.CaptureFixture[str]) -> None:
    stranger = Chatty([], "stranger", "C4:00:00:00:00:08")
    stranger.services = {"ffff0001-0000-4000-8000-000000000000": {}}
    _, *lines = await shown_by_scan(capsys, VirtualWearable(ramp(5), name="cramp-node 7"), Chatty([]), stranger)
    assert {it.split("  ")[0].strip(): it.split()[-1] for it in lines} == {
        "cramp-node 7": "cramp-node",
        NAME: "sock",
        "stranger": "-55",
    }
    assert all("-55" in line for line in lines)
    assert any(ADDRESS in line for line in lines)


async def test_a_scan_that_hears_nothing_says_what_to_look_at(capsys: pytest.CaptureFixture[str]) -> None:
    assert "switched on, charged, near" in " ".join(await shown_by_scan(capsys))


async def test_nothing_is_scanned_while_a_wearable_is_connected(capsys: pytest.CaptureFixture[str]) -> None:
    sock = Chatty([])
    sock.held = True
    with pytest.raises(UserError, match=r"connected to this computer already.*stop `crampwatch night`"):
        await shown_by_scan(capsys, sock)


async def test_a_sniff_shows_each_packet_with_its_size_meaning_and_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    assert await sniff_with(memory_backend([Chatty(TWO_PACKETS)]), PROFILES, SOCK, 0.05) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"Connected to {NAME}; MTU 247; read as sock."
    emg = [" ".join(line.split()[2:]) for line in lines if "ca1f0002 " in line]
    assert emg == ["ca1f0002 5 B 2 emg from 0 0001000200", "ca1f0002 5 B 2 emg from 2 0203000400"]
    assert any(f"10 B  {b'SN-1234567'.hex()}" in line for line in lines)  # known to nobody, shown all the same


async def test_a_sniff_tells_sizes_and_samples_for_each_characteristic(capsys: pytest.CaptureFixture[str]) -> None:
    await sniff_with(memory_backend([Chatty([*TWO_PACKETS, b"\x04"])]), PROFILES, SOCK, 0.05)
    rows = {line.split()[0]: line.rstrip() for line in capsys.readouterr().out.splitlines() if line.startswith("ca1f")}
    assert rows[EMG].split()[1:3] == ["3", "1-5"]
    assert rows[EMG].endswith("emg: 4 samples, refused as NoSamples: 1")
    assert rows[SERIAL].endswith("unknown to the profile")


async def test_a_sniff_tells_where_the_devices_count_jumps(capsys: pytest.CaptureFixture[str]) -> None:
    await sniff_with(memory_backend([Chatty(WITH_A_GAP)]), PROFILES, SOCK, 0.05)
    assert "the device's count jumps: 5 emg samples are missing" in capsys.readouterr().out


async def test_rates_are_those_of_the_device(capsys: pytest.CaptureFixture[str]) -> None:
    node = VirtualWearable(ramp(60), speed=10)  # 250 and 50 samples a second, ten times as fast
    await sniff_with(memory_backend([node]), profiles_in(Path("none")), DeviceSettings(name=node.name), 1.5)
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("5b1e")]
    rates = {row[5].rstrip(":"): float(row[4]) for row in rows if "temp:" not in row}
    assert rates == {"emg": pytest.approx(2500, rel=0.1), "acc": pytest.approx(500, rel=0.1)}


async def test_a_device_without_a_profile_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    # It has no start command then; this one is told by another program.
    sock = Chatty(TWO_PACKETS)
    assert await sniff_with(memory_backend([sock]), {}, SOCK, 0.05) == 1
    assert "no profile fits" in capsys.readouterr().out


async def test_a_device_that_is_not_heard_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collector_scan, "SCAN_S", 0.05)
    with pytest.raises(UserError, match="the wearable was not heard; is it switched on"):
        await sniff_with(memory_backend([]), PROFILES, SOCK, 0.05)


async def test_a_lost_link_is_told_and_ends_with_exit_code_one(capsys: pytest.CaptureFixture[str]) -> None:
    class Short(Chatty):
        def write(self, char: str, data: bytes) -> None:
            super().write(char, data)
            self.drop()

    assert await sniff_with(memory_backend([Short(TWO_PACKETS)]), PROFILES, SOCK, 5) == 1
    assert "The link was lost after 0.0 s" in capsys.readouterr().out


async def captured(out: Path, packets: list[bytes], everything: bool = False) -> Path:
    assert (
        await capture_with(memory_backend([Chatty(packets)]), PROFILES, SOCK, out, 0.05, everything, "in a sock") == 0
    )
    return out


async def test_a_capture_has_neither_name_nor_address_nor_what_the_profile_does_not_read(tmp_path: Path) -> None:
    text = (await captured(tmp_path / "sock.jsonl", TWO_PACKETS)).read_text()
    assert "Anna" not in text
    assert ADDRESS not in text
    assert SERIAL not in text
    assert TWO_PACKETS[0].hex() in text


async def test_everything_is_captured_when_that_is_asked_for(tmp_path: Path) -> None:
    kept = read(await captured(tmp_path / "sock.jsonl", TWO_PACKETS, everything=True))
    assert b"SN-1234567" in [packet.payload for packet in kept.packets]


async def test_a_capture_replays_as_it_was_heard(tmp_path: Path) -> None:
    kept = read(await captured(tmp_path / "sock.jsonl", WITH_A_GAP))
    assert (kept.header.profile, kept.header.mtu, kept.header.note) == ("sock", 247, "in a sock")
    assert [packet.payload for packet in kept.packets] == WITH_A_GAP
    tally = replay(kept, PROFILES["sock"])
    assert tally.characteristics[EMG].samples == {"emg": 5}
    assert [gap.missing for gap in tally.gaps] == [5]


async def test_what_a_node_says_of_itself_is_captured_with_it(tmp_path: Path) -> None:
    node, out = VirtualWearable(ramp(60), speed=10), tmp_path / "node.jsonl"
    await capture_with(memory_backend([node]), profiles_in(Path("none")), DeviceSettings(name=node.name), out, 0.5)
    info = read(out).header.info
    assert info is not None
    # The version, a number drawn at the start, one channel, and 250 Hz as a double: docs/reference/cramp-node.md.
    assert bytes.fromhex(info).startswith(bytes.fromhex("01 01000000 01 0000000000406f40"))


async def test_check_shows_a_capture_and_fails_where_packets_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    profile = tmp_path / "sock.toml"
    profile.write_text(TEXT)
    assert check(str(profile), capture=await captured(tmp_path / "good.jsonl", TWO_PACKETS)) == 0
    assert "emg: 4 samples" in capsys.readouterr().out
    assert check(str(profile), capture=await captured(tmp_path / "bad.jsonl", [b"\x00"])) == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", r":1: not a capture"),
        ("not json", r":1: not a capture"),
        ('{"crampwatch_capture": 2, "profile": "sock"}', r":1: .*crampwatch_capture"),
        ('{"crampwatch_capture": 1, "profile": "sock"}\n[0.0, "ca1f", "00"]', r":2: "),
        (f'{{"crampwatch_capture": 1, "profile": "sock"}}\n[0.0, "{EMG}", "0"]', r":2: "),
    ],
)
def test_a_file_that_is_no_capture_is_refused_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "file.jsonl"
    path.write_text(text)
    with pytest.raises(BadRecording, match=says):
        read(path)


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "sock.jsonl"
    path.touch()
    with pytest.raises(UserError, match="is there already"):
        capture("sock", out=path)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("c4:11:22:33:44:55", True),
        ("6E400001-B5A3-F393-E0A9-E50E24DCCA9E", True),
        ("cramp-node 7", False),
        ("C4:11:22", False),
    ],
)
def test_a_device_is_named_by_name_or_address(text: str, address: bool) -> None:
    wanted = device_named(text)
    assert (wanted.address, wanted.name) == ((text, None) if address else (None, text))


def test_the_short_form_of_the_output_option_is_understood() -> None:
    _, bound, _ = build().parse_args(["devices", "capture", "x", "-o", "f"], exit_on_error=False, print_error=False)
    assert bound.arguments == {"device": "x", "out": Path("f")}


async def test_scan_and_sniff_work_through_bleaks_linux_backend(
    bus: PrivateBus, capsys: pytest.CaptureFixture[str]
) -> None:
    known = profiles_in(Path("none"))
    node = VirtualWearable(ramp(60), speed=10)
    async with BlueZStandIn(bus.address, [node]):
        await scan_with(Backend(), known, 0.2, None)
        assert await sniff_with(Backend(), known, DeviceSettings(address=node.address), 0.5) == 0
        assert not node.connected
    shown = capsys.readouterr().out
    assert "-55  cramp-node" in shown
    assert "118 emg from 118  " in shown
