"""Where the MQTT broker is and how to enter: the one thing of the wire that is a setting."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]


class BrokerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An MQTT broker. `password_file` goes before `password`, so that no secret needs to stand in a settings file."""

    host: str = "127.0.0.1"
    port: Port = 1883
    username: str | None = None
    password: str | None = None
    password_file: str | None = None
    # MQTT 5 tells when a publish is denied; 3.1.1 is for brokers that know no better, such as the embedded one.
    protocol: Literal["5", "3.1.1"] = "5"
    # A vanished client is announced after one and a half times this.
    keepalive_s: Annotated[int, msgspec.Meta(ge=2, le=3600)] = 20

    def secret(self) -> str | None:
        """The password; raises OSError when its file cannot be read."""
        if self.password_file is None:
            return self.password
        return Path(self.password_file).read_text().strip()
