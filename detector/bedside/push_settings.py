"""Whom to tell on the phone, and how often at most."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from collector.contract.names import Name
from detector.alarm.messages import AlarmKind

Audience = Literal["first", "second"]
Seconds = Annotated[float, msgspec.Meta(gt=0)]


class PushTarget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who is told: an Apprise address for one recipient. `url_file` goes before `url`.

    `audience` says whether it is told at once or only when nobody answered; `kinds` leaves out what it need not know.
    """

    name: Name
    url: str = ""
    url_file: str | None = None
    audience: Audience = "first"
    kinds: list[AlarmKind] = msgspec.field(default_factory=lambda: ["cramp", "fault"])

    def secret(self) -> str:
        """The address, which holds what lets anybody in; raises OSError when its file cannot be read."""
        return self.url if self.url_file is None else Path(self.url_file).read_text().strip()

    def relative_to(self, folder: Path) -> "PushTarget":
        """The same, a relative `url_file` meant from this folder."""
        file = self.url_file
        return self if file is None else msgspec.structs.replace(self, url_file=str(folder / file))

    def __repr__(self) -> str:
        return f"PushTarget({self.name})"  # the address is a secret, and a repr ends in a log


class PushSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[alerts]` of the settings; without a target nothing leaves the house."""

    targets: list[PushTarget] = msgspec.field(name="target", default_factory=list)
    # Alerts, and fault messages, for one leg in one night. A cramp comes less than every second night, and more false
    # alarms than one a night are borne by nobody: a dozen is a detector or a sensor gone wrong.
    nightly_limit: Annotated[int, msgspec.Meta(ge=1)] = 12
    timeout_s: Seconds = 10.0  # services answer within a second; a slower answer than this is taken for none
    poll_s: Seconds = 0.1  # what looking into the queue adds to an alert

    @property
    def second_person(self) -> bool:
        """Whether there is somebody to tell when nobody answers."""
        return any(target.audience == "second" for target in self.targets)

    def relative_to(self, folder: Path) -> "PushSettings":
        """The same, relative `url_file`s meant from this folder."""
        targets = [target.relative_to(folder) for target in self.targets]
        return msgspec.structs.replace(self, targets=targets)
