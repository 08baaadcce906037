"""Where the InfluxDB is and how to enter."""

from pathlib import Path
from typing import Annotated

import msgspec

Seconds = Annotated[float, msgspec.Meta(gt=0)]


class InfluxSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An InfluxDB that takes `/api/v2/write`. `token_file` goes before `token`, so that no secret stands in the file.

    The token needs to write to the bucket and nothing else. `org` may be anything where the server knows none.
    """

    url: Annotated[str, msgspec.Meta(pattern="^https?://[^/]+/?$")] = "http://127.0.0.1:8086"
    org: str = "home"
    bucket: Annotated[str, msgspec.Meta(min_length=1)] = "crampwatch"
    token: str = ""
    token_file: str | None = None
    timeout_s: Seconds = 10.0  # an answer takes tens of milliseconds; a slow one costs nothing but its repetition
    poll_s: Seconds = 5.0  # how long nothing new is waited for; the detector commits every 10 s

    @property
    def name(self) -> str:
        """This destination, as opposed to others."""
        return f"{self.url.rstrip('/')} bucket {self.bucket}"

    def relative_to(self, folder: Path) -> "InfluxSettings":
        """The same, a relative `token_file` meant from this folder."""
        file = self.token_file
        return self if file is None else msgspec.structs.replace(self, token_file=str(folder / file))

    def secret(self) -> str:
        """The token; raises OSError when its file cannot be read."""
        return self.token if self.token_file is None else Path(self.token_file).read_text().strip()
