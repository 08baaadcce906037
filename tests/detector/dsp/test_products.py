"""Matrix products in pieces."""

import numpy as np
import pytest

from detector.dsp.products import IN_ONE_GO, multiply


@pytest.mark.parametrize("goes", [0.001, 0.5, 1, 3.7])
def test_is_the_product_in_whole_numbers_however_many_pieces_it_takes(goes: float) -> None:
    rng = np.random.default_rng(0)
    matrix = rng.integers(-(2**10), 2**10, (50, 14))
    rows = rng.integers(-(2**20), 2**20, (2, int(goes * IN_ONE_GO / matrix.size), 50))
    product = multiply(rows.astype(np.float64), matrix.astype(np.float64), np.full((*rows.shape[:2], 14), np.nan))
    assert np.array_equal(product, rows @ matrix)  # 64-bit integers


def test_writes_into_a_part_of_a_larger_array() -> None:
    rows = np.arange(6.0).reshape(1, 3, 2)
    table = np.full((1, 3, 4), -1.0)
    multiply(rows, np.array([[1.0, 0.0], [0.0, 2.0]]), table[..., 2:])
    assert table[0].tolist() == [[-1, -1, 0, 2], [-1, -1, 2, 6], [-1, -1, 4, 10]]
