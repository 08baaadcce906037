"""What a streaming block remembers, so that a detector can be stopped and continued with identical results."""

from collections.abc import Mapping
from typing import ClassVar


class Remembers:
    """A block whose whole memory is in the attributes it names in `memory`.

    Everything else about a block follows from its constructor's arguments.
    """

    memory: ClassVar[tuple[str, ...]]

    def state(self) -> dict[str, object]:
        """The memory by name: numbers, lists, arrays."""
        return {name: getattr(self, name) for name in self.memory}

    def restore(self, state: Mapping[str, object]) -> None:
        """Take over a memory that `state` gave."""
        for name in self.memory:
            setattr(self, name, state[name])
