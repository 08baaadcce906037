"""An authority of one's own and a certificate for the broker, made by the `openssl` command."""

import ipaddress
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from crampwatch.errors import UserError

DAYS = 3650
"""Nobody at home renews a certificate in time, and one that has expired leaves a sleeper unwatched. Whoever gets hold
of the key is in the house already."""
LOCAL = ("localhost", "127.0.0.1")
"""So that programs on the broker's own machine may use the encrypted listener, too."""
HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")

# The extensions that RFC 5280 (4.2.1) wants of an authority and of a server; Python 3.13 and newer insist on them.
# Written out, as what openssl adds by itself depends on the system's own configuration.
CONFIGURATION = """[req]
distinguished_name = name
prompt = no
[name]
CN = crampwatch
[authority]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = {names}
"""


def certify(folder: Path, hosts: Sequence[str]) -> list[Path]:
    """Write `server.crt` for these names and addresses, where it is missing, and `ca.crt`, with their keys.

    Returns what was written. Raises UserError for a name that is none, and when `openssl` is missing or fails.
    """
    authority, server = folder / "ca.crt", folder / "server.crt"
    with tempfile.NamedTemporaryFile("w") as configuration:
        configuration.write(CONFIGURATION.format(names=", ".join(_alternative(host) for host in (*hosts, *LOCAL))))
        configuration.flush()
        config = ["-config", configuration.name, "-extensions"]
        written = []
        if not authority.exists():
            written += _request(authority, "crampwatch at home", [*config, "authority"])
        if not server.exists():
            signed = ["-CA", str(authority), "-CAkey", str(authority.with_suffix(".key"))]
            written += _request(server, hosts[0], [*config, "server", *signed])
    return written


def _request(certificate: Path, name: str, options: Sequence[str]) -> list[Path]:
    """A new key, readable for its owner alone, and a certificate for it."""
    openssl = shutil.which("openssl")
    if openssl is None:
        raise UserError("openssl makes the certificates, and is missing; on Debian: apt-get install openssl")
    key = certificate.with_suffix(".key")
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    command = [openssl, "req", "-x509", *options, *curve, "-days", str(DAYS), "-subj", f"/CN={name}", *files]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        said = run.stderr.strip().splitlines()[-1:] or ["it does not say why"]
        raise UserError(f"openssl could not make {certificate.name} ({said[0]}); is it version 3 or newer?")
    return [key, certificate]


def _alternative(host: str) -> str:
    """A host as a subject's alternative name."""
    try:
        return f"IP:{ipaddress.ip_address(host)}"
    except ValueError:
        if not HOST_NAME.fullmatch(host):
            raise UserError(f"{host!r} is neither a host name nor an address") from None
        return f"DNS:{host}"
