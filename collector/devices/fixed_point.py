"""Numbers that arrive as floats or text become integers, for a recording holds what a converter could have said."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from collector.devices.profile import Stream
from collector.devices.refusals import NotANumber


class FixedPoint:
    """A stream's integers: whole steps of its `quantum`, within its rails.

    A value beyond the rails becomes the rail, which says "clipped" to every reader.
    """

    def __init__(self, stream: Stream) -> None:
        self._kind = stream.kind
        self._quantum = stream.quantum
        self._low, self._high = stream.rails
        self._dtype = np.dtype(stream.dtype)

    def nearest(self, values: ArrayLike) -> NDArray[np.signedinteger]:
        """The integers nearest to these physical values; raises NotANumber."""
        with np.errstate(all="ignore"):  # what does not stay finite is refused here, with its reason
            steps = np.asarray(values, np.float64) / self._quantum
        if not np.isfinite(steps).all():
            raise NotANumber(self._kind, f"a value of {self._kind} is not a finite number")
        return self.held(np.rint(steps))

    def held(self, steps: NDArray[np.number]) -> NDArray[np.signedinteger]:
        """These steps, those beyond the rails put onto them."""
        held: NDArray[np.signedinteger] = np.minimum(np.maximum(steps, self._low), self._high).astype(self._dtype)
        return held
