"""What a look before bed has found, as the diary keeps it and the morning report shows it."""

from datetime import date
from typing import Annotated, Literal

import msgspec

Level = Annotated[float, msgspec.Meta(ge=0)]
"""An RMS envelope, in microvolts."""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at, how it is, in words, and the cure. Nothing in it names a person or a path.

    `area` and `state` are the same in every language; `says` and `cure` are in that of the evening.
    """

    area: str
    state: Literal["ok", "warning", "problem", "not asked"]
    says: str
    cure: str = ""


class Muscle(msgspec.Struct, frozen=True, kw_only=True):
    """One EMG channel: its resting level and the height of a gentle contraction; None for what was not seen."""

    channel: str
    rest_uv: Level | None = None
    contraction_uv: Level | None = None


class Preflight(msgspec.Struct, frozen=True, kw_only=True):
    """A whole look before bed, for the night it was made for; `t_ns` is when it ended."""

    v: int = 1
    night: date
    t_ns: Annotated[int, msgspec.Meta(ge=0)]
    by: str
    checks: tuple[Check, ...]
    muscles: tuple[Muscle, ...] = ()

    @property
    def amiss(self) -> tuple[Check, ...]:
        """What was not as it should be, the problems first."""
        return tuple(check for state in ("problem", "warning") for check in self.checks if check.state == state)
