"""What the doctor says: one line for each thing that was looked at."""

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

State = Literal["ok", "warning", "problem", "not asked"]
"""A problem keeps the night from being watched; a warning may spoil it; what was not asked may be either."""
ADDRESS = re.compile(r"(?<![0-9A-F])([0-9A-F]{2}[:_-]){5}[0-9A-F]{2}(?![0-9A-F])", re.IGNORECASE)
"""As people write it, and as BlueZ has it in its paths."""


class Finding(NamedTuple):
    """What was looked at, how it is, in words, and the cure where it needs one.

    `about` is whom or what a person knows it by: names, places and paths belong there and nowhere else, because it is
    left out of what is given away.
    """

    area: str
    state: State
    says: str
    cure: str = ""
    about: str = ""

    def line(self, state: str = "", area: str = "") -> str:
        """For the person at the screen; `state` and `area` as another language calls them."""
        area = area or self.area
        subject = f"{area} ({self.about})" if self.about else area
        return f"{state or self.state:<9}  {subject}: {self.says}{f'; {self.cure}' if self.cure else ''}"

    def redacted(self) -> dict[str, str]:
        """For a bug report: nothing by which a person or a device could be recognised."""
        said = {"area": self.area, "state": self.state, "says": self.says, "cure": self.cure}
        return {key: ADDRESS.sub("<address>", value) for key, value in said.items()}


def exit_code(findings: Iterable[Finding]) -> int:
    """1 when there is a problem."""
    return 1 if any(finding.state == "problem" for finding in findings) else 0
