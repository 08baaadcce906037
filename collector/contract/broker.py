"""Where the MQTT broker is and how to enter: the one thing of the wire that is a setting."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from collector.contract.errors import ContractError

Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]

Role = Literal["collector", "detector", "alarm", "viewer", "home"]
"""Who enters: what collects, what detects, what sounds and tells, what only reads, and a home automation, which reads
all but the samples and says what people press."""

FILES = ("ca_file", "password_file", "password_directory")


class BadAccess(ContractError):
    """A file that is needed to enter the broker is no good; `what` and `why` say so without its name, for a report."""

    def __init__(self, what: str, file: str, why: str, cure: str) -> None:
        super().__init__(f"{what} {file} {why}; {cure}")
        self.what, self.why, self.cure = what, why, cure


class BrokerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An MQTT broker. `password_file` goes before `password`, so that no secret needs to stand in a settings file.

    With `password_directory` and no `username` each role enters as a user of its own: the role's name (collector,
    detector, alarm, viewer) is that of the user, and that of the file in the directory which holds the password.

    The connection is encrypted where `tls` is set or a `ca_file` is named. That holds the certificate of the authority
    that signed the broker's own; without it the authorities that the system trusts are trusted.
    """

    host: str = "127.0.0.1"
    port: Port = 1883
    tls: bool = False
    ca_file: str | None = None
    username: str | None = None
    password: str | None = None
    password_file: str | None = None
    password_directory: str | None = None
    # MQTT 5 tells when a publish is denied; 3.1.1 is for brokers that know no better, such as the embedded one.
    protocol: Literal["5", "3.1.1"] = "5"
    # A vanished client is announced after one and a half times this.
    keepalive_s: Annotated[int, msgspec.Meta(ge=2, le=3600)] = 20

    @property
    def address(self) -> str:
        """Host and port, as people write them."""
        return f"{self.host}:{self.port}"

    @property
    def encrypted(self) -> bool:
        """Whether to speak TLS."""
        return self.tls or self.ca_file is not None

    def as_role(self, role: Role) -> "BrokerSettings":
        """The same broker, entered as the user for this role where there is one for each."""
        if self.password_directory is None or self.username is not None:
            return self
        file = str(Path(self.password_directory) / role)
        return msgspec.structs.replace(self, username=role, password_file=file, password_directory=None)

    def relative_to(self, folder: Path) -> "BrokerSettings":
        """The same, relative files meant from this folder."""
        named = {field: getattr(self, field) for field in FILES}
        return msgspec.structs.replace(self, **{name: str(folder / file) for name, file in named.items() if file})

    def secret(self) -> str | None:
        """The password; raises BadAccess when its file cannot be read."""
        if self.password_file is None:
            return self.password
        try:
            return Path(self.password_file).read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            why = f"cannot be read ({getattr(error, 'strerror', None) or 'it is not text'})"
            cure = "correct password_file or password_directory under [broker]"
            raise BadAccess("the password file", self.password_file, why, cure) from error
