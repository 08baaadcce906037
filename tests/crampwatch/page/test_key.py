"""The key on the disk."""

from pathlib import Path

import pytest

from crampwatch.errors import UserError
from crampwatch.page.key import kept_in


def test_the_key_is_shown_once_and_only_its_digest_is_kept_for_the_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "page.key"
    made, shown = kept_in(file)
    again, not_shown = kept_in(file)
    assert shown is not None
    assert not_shown is None
    assert made.opens(shown)
    assert again.opens(shown)
    assert shown not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


def test_two_homes_have_two_keys_and_one_does_not_open_the_other(tmp_path: Path) -> None:
    one, key = kept_in(tmp_path / "one")
    _, other = kept_in(tmp_path / "other")
    assert key != other
    assert other is not None
    assert not one.opens(other)
    assert not one.opens("")


@pytest.mark.parametrize("content", [b"", b"not a digest\n", b"\xff\xfe"])
def test_a_damaged_key_file_says_what_to_do(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "page.key"
    file.write_bytes(content)
    with pytest.raises(UserError, match="page"):
        kept_in(file)


def test_a_key_that_cannot_be_written_says_where(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot be kept"):
        kept_in(tmp_path / "file" / "page.key")
