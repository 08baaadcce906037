"""The pages on profiles say what is so: every entry, every codec, every refusal; and their example is right."""

import re
from pathlib import Path

import msgspec
import pytest

from collector.devices import profile, refusals
from collector.devices.codecs import CODECS
from collector.devices.decoder import Decoder
from collector.devices.profile import describe, load_profile, parse_profile

DOCS = Path(__file__).parents[3] / "docs"
SCHEMA = DOCS / "reference" / "device-profiles.md"
ADD_A_DEVICE = DOCS / "how-to" / "add-a-device.md"
CRAMP_NODE = DOCS / "reference" / "cramp-node.md"


def rows(heading: str) -> dict[str, list[str]]:
    """The cells behind each first cell of the table below a heading of the schema page."""
    text = SCHEMA.read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:3] == "| `"]
    return {first.strip("`"): rest for first, *rest in cells}


@pytest.mark.parametrize(
    "table",
    [
        profile.Profile, profile.Device, profile.Match, profile.Command, profile.KeepAlive, profile.Buzzer,
        profile.Info, profile.Stream, profile.Counter, profile.Timestamp,
    ],
)  # fmt: skip
def test_every_entry_of_a_profile_is_described_and_no_other(table: type[msgspec.Struct]) -> None:
    assert set(rows(table.__name__)) == set(table.__struct_fields__)


def test_every_codec_is_described() -> None:
    text = SCHEMA.read_text().partition("\n## Codecs\n")[2]
    assert set(re.findall(r"^\| `([a-z0-9-]+)` \|", text, re.MULTILINE)) == set(CODECS)


def test_every_refusal_is_described() -> None:
    text = SCHEMA.read_text().partition("\n## Codecs\n")[2]
    assert set(re.findall(r"^\| `([A-Z]\w+)` \|", text, re.MULTILINE)) == {
        refusal.__name__ for refusal in refusals.PacketRefused.__subclasses__()
    }


def test_the_example_of_the_how_to_is_a_profile_and_its_packet_is_what_it_says() -> None:
    text = ADD_A_DEVICE.read_text()
    (example,) = re.findall(r"^```toml profile\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    (packet,) = re.findall(r'--hex "([0-9a-f ]+)"', text)
    streams = parse_profile(example, "calf-board.toml").stream
    samples = Decoder(streams).decode(streams[0].char, bytes.fromhex(packet))
    assert (samples.digital[:, 0] * streams[0].scale).tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert samples.counter == 70


def test_the_example_of_a_nodes_info_describes_the_node_the_page_says() -> None:
    (block,) = re.findall(r"^An `info`.*?^```\n(.*?)^```", CRAMP_NODE.read_text(), re.MULTILINE | re.DOTALL)
    info = bytes.fromhex("".join(line.partition("  ")[0] for line in block.splitlines()))
    described = describe(load_profile("cramp-node"), info)
    assert described.boot == 0xCAFE
    assert [(it.kind, it.rate_hz, it.scale, it.rails) for it in described.streams] == [
        ("emg", 250.0, 0.25, (-32768, 32767)),
        ("acc", 50.0, 0.25, (-32768, 32767)),
    ]
