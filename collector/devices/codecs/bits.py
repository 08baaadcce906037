"""Signed integers of any width, packed without regard for bytes."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray


def unpack_signed(
    packed: bytes, width: int, count: int, first_bit: Literal["little", "big"]
) -> NDArray[np.signedinteger]:
    """The first `count` two's complement integers of `width` bits (0 to 32) each.

    `first_bit` is which bit of a byte, and of a value, comes first: the least ("little") or the most significant.
    """
    bits = np.unpackbits(np.frombuffer(packed, np.uint8), bitorder=first_bit)[: width * count].reshape(count, width)
    weights = 1 << np.arange(width)
    weights[-1:] *= -1  # the sign bit counts negative: that is what two's complement means
    values: NDArray[np.signedinteger] = bits @ (weights if first_bit == "little" else weights[::-1])
    return values
