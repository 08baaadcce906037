"""Mosquitto's password file: one line for each user, with a salted hash."""

import base64
import hashlib
import os
from collections.abc import Mapping

ITERATIONS = 101
"""What mosquitto 2.0 itself uses. Slow hashes protect passwords that people choose; ours are 128 random bits, and
mosquitto answers nobody else while it computes one."""
SALT_BYTES = 12


def with_passwords(file: str, passwords: Mapping[str, str]) -> str:
    """The password file with these users' passwords added or replaced; other users are kept."""
    lines = {line.partition(":")[0]: line for line in file.splitlines() if line}
    lines |= {user: f"{user}:{_hashed(password)}" for user, password in passwords.items()}
    return "".join(f"{line}\n" for line in lines.values())


def names(file: str) -> set[str]:
    """Who is in the password file."""
    return {line.partition(":")[0] for line in file.splitlines() if line}


def _hashed(password: str) -> str:
    """PBKDF2-HMAC-SHA512 as `mosquitto_passwd` writes it: `$7$iterations$salt$hash`, the latter two in base 64."""
    salt = os.urandom(SALT_BYTES)
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)
    return f"$7${ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(key).decode()}"
