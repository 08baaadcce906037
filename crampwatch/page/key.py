"""The key to the page: made once, shown once, kept as its digest."""

import hashlib
import hmac
import re
import secrets
from pathlib import Path

from crampwatch.broker.folder import SECRET, write_new
from crampwatch.errors import UserError

BYTES = 24
"""192 random bits: nobody guesses them, however fast the page answers."""
_DIGEST = re.compile(r"[0-9a-f]{64}")


class PageKey:
    """Tells whether a key is the right one; what it compares with is no key itself."""

    def __init__(self, digest: str) -> None:
        self._digest = digest

    def opens(self, key: str) -> bool:
        """Whether this is the key; takes as long for one that is nearly right."""
        return hmac.compare_digest(digest_of(key), self._digest)


def kept_in(path: Path) -> tuple[PageKey, str | None]:
    """The key whose digest this file holds. Where there is none yet, one is made, and returned beside it this once.

    Raises UserError when the file cannot be read or holds something else.
    """
    new = secrets.token_urlsafe(BYTES)
    try:
        made = write_new(path, f"{digest_of(new)}\n", SECRET)
        digest = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: the page's key cannot be kept there ({error})") from error
    if not _DIGEST.fullmatch(digest):
        raise UserError(f"{path}: holds no key of the page; delete it, and a new one is made")
    return PageKey(digest), new if made else None


def digest_of(key: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
