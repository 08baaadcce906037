"""Matrix products of whole numbers: small, and many of them."""

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]

IN_ONE_GO = 2**18
"""Multiplications. Beyond 2**18 OpenBLAS wakes further threads, which cost more than such a product is worth."""


def multiply(rows: Float, matrix: Float, out: Float) -> Float:
    """`rows @ matrix` into `out`, shapes (c, n, k), (k, m) and (c, n, m), on the calling thread."""
    step = max(1, IN_ONE_GO // max(1, matrix.size))
    for start in range(0, rows.shape[1], step):
        part = slice(start, start + step)
        np.matmul(rows[:, part], matrix, out=out[:, part])
    return out
