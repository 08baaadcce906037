"""A short night with one of everything, by a sleeper in Berlin; seconds count from 23:00:00 there."""

from pathlib import Path

import pytest

from collector.contract.journal import Header, Journal
from collector.contract.journal_recording import JournalRecording
from collector.contract.messages import SampleBlock
from tests.support.signals import SESSION, START_NS, Leg, recording

CRAMP_S = (100.5, 130.5)
MOVEMENT_S = (200.5, 215.5)
TWITCH_S = (320.0, 320.1)
GAP_S = (440.0, 445.0)
LENGTH_S = 600.0


def journal(path: Path, blocks: list[SampleBlock], timezone: str = "Europe/Berlin") -> JournalRecording:
    header = Header(session=SESSION, wearer="w1", site="left_calf", started_ns=START_NS, timezone=timezone)
    with Journal.create(path, header) as written:
        written.append(blocks)
        written.end()
    return JournalRecording(path)


@pytest.fixture(scope="package")
def night(tmp_path_factory: pytest.TempPathFactory) -> JournalRecording:
    leg = Leg(LENGTH_S, fs=250.0).contract(*CRAMP_S, 20.0)
    leg.contract(*MOVEMENT_S, 20.0).move(*MOVEMENT_S).contract(*TWITCH_S, 60.0)
    return journal(tmp_path_factory.mktemp("night") / "night.journal", recording(leg, gaps=[GAP_S]))
