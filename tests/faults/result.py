"""What came of a fault, as a row of the table."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from tests.faults.evidence import Difference


@dataclass(frozen=True)
class Result:
    """A fault that was injected so often into nights of so many samples, and all that was different afterwards.

    `recovery_s` holds, for each time it could be told, how long it took from the harm, or from its end where it lasted,
    until the night went on, in seconds of the clock on the wall.
    """

    fault: str
    injections: int
    samples: int
    difference: Difference
    recovery_s: Sequence[float] = ()
    remark: str = ""

    @property
    def in_words(self) -> str:
        """A line for whoever watches."""
        counts = {field.name: getattr(self.difference, field.name) for field in fields(self.difference)}
        found = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in counts.items() if count)
        return f"{self.injections} injections, {found or 'nothing lost, nothing doubled'}"
