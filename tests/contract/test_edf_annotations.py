"""Annotations of EDF+: the bytes of the specification, clean decimals, nothing lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.contract.edf_annotations import Annotation, decode_record, encode, encode_onset, spread

S = 1_000_000_000
annotations = st.builds(
    Annotation,
    onset_ns=st.integers(-S, 10**14),
    duration_ns=st.none() | st.integers(0, 10**13),
    text=st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), min_size=1, max_size=40)
    .map(str.strip)
    .filter(bool),
)


# The examples of the EDF+ specification, sections 2.2.2 and 2.2.4.
@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (
            b"+180\x14Lights off\x14Close door\x14\0",
            [Annotation(180 * S, None, t) for t in ("Lights off", "Close door")],
        ),
        (b"+1800.2\x1525.5\x14Apnea\x14\0", [Annotation(1_800_200_000_000, 25_500_000_000, "Apnea")]),
        (b"-0.065\x14Pre-stimulus\x14\0", [Annotation(-65_000_000, None, "Pre-stimulus")]),
    ],
)
def test_examples_of_the_specification_are_understood(raw: bytes, expected: list[Annotation]) -> None:
    assert decode_record(raw) == (None, expected)


def test_the_first_empty_annotation_is_the_record_s_onset() -> None:
    raw = b"+567\x14\x14\0+567.5\x14Movement\x14\0\0\0\0"
    assert decode_record(raw) == (567 * S, [Annotation(567_500_000_000, None, "Movement")])


def test_time_stamps_are_clean_decimals() -> None:
    # 15 records of 27 ms: as a sum of floats 0.40499999999999997, which some readers reject.
    assert encode_onset(15 * 27_000_000) == b"+0.405\x14\x14\0"
    assert encode(Annotation(3 * S, 94 * S // 10, "Cramp")) == b"+3\x159.4\x14Cramp\x14\0"


def test_float_noise_of_other_writers_is_rounded_away() -> None:
    assert decode_record(b"+0.40499999999999997\x14\x14\0")[0] == 405_000_000


@given(st.lists(annotations, max_size=20), st.integers(1, 8))
def test_annotations_spread_over_records_all_come_back(written: list[Annotation], records: int) -> None:
    lists = spread(written, records)
    assert len(lists) == records
    assert sorted((a for raw in lists for a in decode_record(raw)[1]), key=str) == sorted(written, key=str)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_without_complaint(raw: bytes) -> None:
    onset, found = decode_record(raw)
    assert onset is None or isinstance(onset, int)
    assert all(annotation.text is not None for annotation in found)


def test_characters_that_would_end_a_text_early_are_left_out() -> None:
    assert decode_record(encode(Annotation(0, None, "a\x14b\0c")))[1] == [Annotation(0, None, "abc")]
