"""Captured packets are decoded as they were: each file of `crampwatch devices capture` in `captures/` is a test.

A file whose name ends in `-simulated` was captured from the simulated wearable; none of a real one is there yet.
"""

from pathlib import Path

import numpy as np
import pytest

from collector.devices.decoder import Samples
from collector.devices.profile import load_profile
from crampwatch.radio.capture import Capture, read, replay
from crampwatch.radio.tally import Tally
from crampwatch.radio.tap import described

CAPTURES = sorted((Path(__file__).parent / "captures").glob("*.jsonl"))
CLOCKS = 0.02
"""Of the rate: some seconds of packets, told by arrival times."""


@pytest.fixture(params=CAPTURES, ids=lambda path: path.stem)
def capture(request: pytest.FixtureRequest) -> Capture:
    return read(request.param)


@pytest.fixture
def tally(capture: Capture) -> Tally:
    return replay(capture, load_profile(capture.header.profile))


def test_every_captured_packet_is_decoded(tally: Tally) -> None:
    assert tally.refused == 0
    assert all(it.samples for it in tally.characteristics.values())


def test_the_devices_count_goes_on_from_packet_to_packet(tally: Tally) -> None:
    assert tally.gaps == []


def test_samples_arrive_at_the_rate_that_the_device_says(capture: Capture, tally: Tally) -> None:
    info = bytes.fromhex(capture.header.info) if capture.header.info else None
    profile = described(load_profile(capture.header.profile), info, set(tally.characteristics))
    rates = {stream.char: stream for stream in profile.stream if not stream.more_chars}
    for char, it in tally.characteristics.items():
        if it.samples_per_s is not None and char in rates:
            assert it.samples_per_s == pytest.approx(rates[char].rate_hz, rel=rates[char].rate_tolerance + CLOCKS)


def test_the_simulated_node_says_what_it_was_told_to_simulate() -> None:
    """250 Hz from a leg at rest, whose skin is between 20 and 37 degrees."""
    kept = read(Path(__file__).parent / "captures" / "cramp-node-simulated.jsonl")
    profile = described(load_profile("cramp-node"), bytes.fromhex(kept.header.info or ""), set())
    assert [stream.rate_hz for stream in profile.stream] == [250, 50, 0.2]
    tally = Tally(profile.stream)
    decoded = [samples for packet in kept.packets if isinstance(samples := tally.take(packet), Samples)]
    celsius = [0.01 * it.digital for it in decoded if it.stream == "temp"]
    assert all(((it > 20) & (it < 37)).all() for it in celsius)
    gravity = np.concatenate([0.25 * it.digital for it in decoded if it.stream == "acc"]).mean(axis=0)
    assert np.linalg.norm(gravity) == pytest.approx(1000, abs=20)  # mg, whichever way the leg lies
