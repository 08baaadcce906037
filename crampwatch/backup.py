"""A backup: settings without secrets, profiles, night store, diary, journals and clips in one tar file; and back again.

Databases are copied by SQLite itself, each as it is at one moment, while collector and detector go on writing. The
manifest, which comes last, has the checksum of every file and the versions that wrote them.
"""

import hashlib
import io
import re
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import msgspec

from collector.contract import messages
from collector.contract.journal import SUFFIX
from collector.retention import MARK, is_marked
from crampwatch.config import Config, load
from crampwatch.errors import UserError
from detector import store_changes
from detector.clips import FOLDER as CLIPS

Samples = Literal["none", "marked", "all"]
"""Which journals come along; a mark is a file that asks to keep one. Clips come along unless it is none."""

MANIFEST, SETTINGS, DATA, PROFILES = "backup.json", "crampwatch.toml", "data", "devices"
FORMAT = 1
_NAME = re.compile(rf"{re.escape(SETTINGS)}|({DATA}(/{CLIPS})?|{PROFILES})/\w[\w.-]*")
"""What a file in a backup may be called: nothing that leads out of the folder it is restored to."""
_SECRETS = ("password", "token")
_CHUNK = 1 << 20


class File(msgspec.Struct, frozen=True):
    """One file of a backup."""

    name: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds, and what wrote it."""

    format: int
    crampwatch: str
    contract: int
    night_store: int | None  # the version of its tables
    made: str
    files: tuple[File, ...]


def write(out: Path, settings: Path, samples: Samples) -> Manifest:
    """Write a backup of everything these settings name; it appears under its name when it is complete.

    Raises UserError when the file is there already, when there is no room, and when a database is damaged.
    """
    config = load(settings)
    if out.exists():
        raise UserError(f"{out}: is there already; choose another name")
    partial = out.with_name(out.name + ".partial")
    try:
        with tempfile.TemporaryDirectory(dir=out.absolute().parent, prefix=".backup-") as scratch:
            manifest = _write(partial, settings, config, samples, Path(scratch))
        partial.rename(out)
    except (OSError, sqlite3.Error) as error:
        raise UserError(f"{out}: the backup could not be made ({error})") from error
    finally:
        partial.unlink(missing_ok=True)
    return manifest


def restore(archive: Path, into: Path) -> Manifest:
    """Check a backup and unpack it into a folder that is not there yet; the folder appears when all is well.

    Raises UserError for a folder that exists, and for a backup that is damaged or of another format.
    """
    if into.exists():
        raise UserError(f"{into}: is there already; a backup is restored into a new folder")
    partial = into.with_name(into.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        with tarfile.open(archive, "r:") as tar:
            manifest = _manifest(archive, tar)
            for file in manifest.files:
                _unpack(archive, tar, file, partial)
        partial.rename(into)
    except (OSError, tarfile.TarError) as error:
        raise UserError(f"{archive}: cannot be restored ({error})") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return manifest


def without_secrets(settings: bytes) -> bytes:
    """The settings with what is secret left out, and with the folders as they are in a backup."""
    said: dict[str, Any] = msgspec.toml.decode(settings)
    for target in said.get("alerts", {}).get("target", []):
        target.pop("url", None)  # whoever has it can send messages in our name
    return msgspec.toml.encode({**_public(said), "data_directory": DATA, "profile_directory": PROFILES})


def _public(said: Any) -> Any:
    match said:
        case dict():
            return {name: _public(value) for name, value in said.items() if name not in _SECRETS}
        case list():
            return [_public(value) for value in said]
        case _:
            return said


def _write(partial: Path, settings: Path, config: Config, samples: Samples, scratch: Path) -> Manifest:
    files = []
    with tarfile.open(partial, "w") as tar:
        for name, path in _collected(settings, config, samples, scratch):
            tar.add(path, name)
            files.append(File(name, path.stat().st_size, _sha256(path)))
            if path.parent == scratch:
                path.unlink()
        manifest = Manifest(
            format=FORMAT,
            crampwatch=version("crampwatch"),
            contract=messages.VERSION,
            night_store=_store_version(config.store),
            made=datetime.now(UTC).isoformat(timespec="seconds"),
            files=tuple(files),
        )
        text = msgspec.json.format(msgspec.json.encode(manifest))
        entry = tarfile.TarInfo(MANIFEST)
        entry.size = len(text)
        tar.addfile(entry, io.BytesIO(text))
    return manifest


def _collected(settings: Path, config: Config, samples: Samples, scratch: Path) -> Iterator[tuple[str, Path]]:
    """Each file's name in the backup, and where it is now; those in `scratch` were made for it."""
    public = scratch / SETTINGS
    public.write_bytes(without_secrets(settings.read_bytes()))
    yield SETTINGS, public
    for profile in sorted(Path(config.profile_directory).glob("*.toml")):
        yield f"{PROFILES}/{profile.name}", profile
    databases = [path for path in (config.store, config.diary) if path.is_file()]
    journals = sorted(config.directory.glob(f"*{SUFFIX}"))
    databases += [path for path in journals if samples == "all" or (samples == "marked" and is_marked(path))]
    if samples != "none":
        databases += sorted((config.directory / CLIPS).glob(f"*{SUFFIX}"))
    for path in databases:
        name = f"{DATA}/{path.relative_to(config.directory).as_posix()}"
        copy = _copy_of(path, scratch)
        if path == config.store:
            _rename(copy)
        yield name, copy
        if is_marked(path):
            yield f"{name}{MARK}", path.with_name(path.name + MARK)


def _copy_of(path: Path, scratch: Path) -> Path:
    """A database as it is now, whoever writes it; raises UserError when it is damaged."""
    copy = scratch / path.name
    with closing(_read_only(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
        try:
            (verdict,) = target.execute("PRAGMA integrity_check(1)").fetchone()
        except sqlite3.DatabaseError as error:
            verdict = str(error)
    if verdict != "ok":
        raise UserError(f"{path}: is damaged ({verdict}); move it elsewhere, and back up the rest")
    return copy


def _rename(store: Path) -> None:
    """Put back, it may have grown past what the outbox has sent of the first one before that looks again."""
    no_name = suppress(sqlite3.OperationalError)  # an earlier version's: it is given one when it is opened
    with closing(sqlite3.connect(store)) as database, no_name, database:
        store_changes.rename(database)


def _store_version(store: Path) -> int | None:
    if not store.is_file():
        return None
    with closing(_read_only(store)) as database:
        return int(database.execute("PRAGMA user_version").fetchone()[0])


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


def _manifest(archive: Path, tar: tarfile.TarFile) -> Manifest:
    try:
        stored = tar.extractfile(MANIFEST)
        text = stored.read() if stored else b""
        said = msgspec.json.decode(text)["format"]
        if said == FORMAT:
            return msgspec.json.decode(text, type=Manifest)
    except (KeyError, TypeError, UnicodeDecodeError, RecursionError, msgspec.DecodeError) as error:
        raise UserError(f"{archive}: not a crampwatch backup, or cut short") from error
    raise UserError(f"{archive}: a backup of format {said}, this program knows {FORMAT}; use the one that wrote it")


def _unpack(archive: Path, tar: tarfile.TarFile, file: File, into: Path) -> None:
    if not _NAME.fullmatch(file.name):
        raise UserError(f"{archive}: holds a file {file.name!r}, which no backup has; not restored")
    target = into / file.name
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        stored = tar.extractfile(file.name)
    except KeyError as error:
        raise UserError(f"{archive}: {file.name} is missing from the backup; use another one") from error
    with target.open("xb") as unpacked:
        shutil.copyfileobj(stored or io.BytesIO(), unpacked, _CHUNK)
    if _sha256(target) != file.sha256:
        raise UserError(f"{archive}: {file.name} is damaged in the backup; use another one")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
