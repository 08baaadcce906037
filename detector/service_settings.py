"""The detector service's settings."""

from typing import Annotated, Literal

import msgspec

Seconds = Annotated[float, msgspec.Meta(gt=0)]


class ServiceSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the service does besides detecting."""

    client_id: str = "crampwatch-detector"
    """Fixed, so that the broker keeps what arrives while the detector is away. One detector for one such name."""
    commit_every_s: Seconds = 10.0
    """In stream time. After a crash this much is judged again; each commit costs the disk one sync and 100 kB."""
    late_after_s: Seconds = 120.0
    """Older data make events and no alert: a cramp of two minutes ago is over or has woken the sleeper."""
    give_up_s: Seconds = 120.0
    """How long lost blocks are asked for before the time they cover counts as not watched."""
    ask_again_s: Seconds = 5.0
    """How long a replay may bring no progress before it is asked for again: a round trip takes well under a second."""
    clock: Literal["host", "samples"] = "host"
    """What is late is told by the host's clock; when a recording is replayed, by the samples' own."""
    simulated: bool = False
    """Marks what is watched as simulated, in the store and in the report."""
