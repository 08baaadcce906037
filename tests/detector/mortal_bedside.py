"""A bedside whose detector can be killed as it publishes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.bedside import Bedside


class Killed(BaseException):
    """SIGKILL."""


class MortalBedside(Bedside):
    """A bedside that can be killed just before or just after it publishes."""

    def __init__(self, path: Path, said: list[tuple[str, dict[str, Any]]], fate: "Fate") -> None:
        self.everything_said = said
        self.fate = fate
        try:
            super().__init__(path)
        except Killed:
            self.crash()
            raise

    def publish(
        self, topic: str, payload: bytes, *, retain: bool = False, taken: Callable[[], None] | None = None
    ) -> None:
        self.fate.strike(topic, sent=False)
        super().publish(topic, payload, retain=retain)
        self.everything_said.append(self.published[-1])
        self.fate.strike(topic, sent=True)
        if taken:
            taken()


class Fate:
    """Which publication the detector does not survive: of what, and whether the broker still gets it."""

    def __init__(self) -> None:
        self.next: tuple[str, bool] | None = None

    def strike(self, topic: str, *, sent: bool) -> None:
        if self.next and topic.endswith(self.next[0]) and sent == self.next[1]:
            self.next = None
            raise Killed
