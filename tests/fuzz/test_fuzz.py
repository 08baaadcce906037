"""Damaged input of every kind is accepted or refused by name, from a fixed seed and in seconds.

A million of them: `make fuzz`; its outcome is `docs/reference/fuzzing.md`.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.campaign import chunks, write_crashes
from tests.fuzz.mutation import Mutator
from tests.fuzz.page import page
from tests.fuzz.target import Tally, Target, put_chunk
from tests.fuzz.targets import LEAST, MILLION, TARGETS

INPUTS = {"MQTT message": 1000, "BLE packet": 1000, "EDF scored": 30, "HTTP answer": 40, "night store": 50}
OF_THE_OTHERS = 80


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_what_is_damaged_is_accepted_or_refused_by_name(target: Target, tmp_path: Path) -> None:
    tally = put_chunk(target, seed=2, number=0, size=INPUTS.get(target.name, OF_THE_OTHERS), folder=tmp_path)
    assert [crash.trace for crash in tally.crashes] == []
    assert len(tally.outcomes) > 1, "the inputs have to differ enough for more than one outcome"


def test_a_campaign_of_a_million_gives_each_kind_its_least() -> None:
    sizes = {target.name: sum(chunk.size for chunk in chunks(target, MILLION, 1)) for target in TARGETS}
    assert sum(sizes.values()) == MILLION
    assert {name for name, size in sizes.items() if size < LEAST} == {"EDF scored", "HTTP answer"}


class Fragile:
    """Refuses odd bytes by name, and breaks at 0x42."""

    refusals = (ValueError,)

    def make(self, rng: random.Random) -> bytes:
        return rng.randbytes(1)

    def put(self, data: bytes) -> str:
        if data == b"\x42":
            raise KeyError("nobody expected this")
        if data[0] % 2:
            raise ValueError("odd")
        return "even"


@contextmanager
def fragile(_: Path) -> Iterator[Fragile]:
    yield Fragile()


def test_whatever_is_no_refusal_is_a_crash_and_kept_with_its_number(tmp_path: Path) -> None:
    target = Target("fragile", "", 1.0, 1000, fragile)
    tally = put_chunk(target, seed=1, number=3, size=1000, folder=tmp_path)
    assert tally.inputs == 1000
    assert set(tally.outcomes) == {"even", "ValueError"}
    assert tally.crashes
    for crash in tally.crashes:
        assert random.Random(f"fragile/1/{crash.number}").randbytes(1) == crash.data == b"\x42"
        assert 3000 <= crash.number < 4000
    paths = write_crashes({"fragile": tally}, 1, tmp_path / "crashes")
    assert {path.read_bytes() for path in paths} == {b"\x42"}


def test_the_same_seed_makes_the_same_inputs(tmp_path: Path) -> None:
    with TARGETS[0].open(tmp_path) as trial:
        assert trial.make(random.Random("1")) == trial.make(random.Random("1"))


@given(st.binary(max_size=300), st.binary(max_size=300), st.integers(0, 2**32))
def test_damage_follows_from_the_seed_and_keeps_to_its_part(data: bytes, other: bytes, seed: int) -> None:
    part = slice(len(data) // 3, 2 * len(data) // 3)
    damaged = Mutator(random.Random(seed)).damaged(data, other, part)
    assert damaged == Mutator(random.Random(seed)).damaged(data, other, part)
    assert damaged.startswith(data[: part.start])
    assert damaged.endswith(data[part.stop :])


def test_the_page_has_a_row_for_each_kind_and_their_sum() -> None:
    tallies = {target.name: Tally() for target in TARGETS}
    tallies["BLE packet"].outcomes.update({"accepted": 1200, "PartialFrame": 34})
    text = page(TARGETS, tallies, seed=7)
    assert "standard service | 1,234 | 1,200 | PartialFrame 34 | 0 |" in text
    assert "| **all** | 1,234 | 1,200 | 34 | 0 |" in text
    assert "--seed 7" in text
