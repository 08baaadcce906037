"""`crampwatch restore`: a backup, checked and unpacked into a new folder."""

from pathlib import Path

from rich.console import Console


def restore(archive: Path, *, into: Path) -> None:
    """Check a backup and unpack it into a new folder, from which `crampwatch night` can go on.

    Every file's checksum is checked; nothing that exists is overwritten, and the folder is made only when everything
    is well.

    Parameters
    ----------
    archive
        The backup.
    into
        The folder to make.
    """
    from importlib.metadata import version

    from crampwatch.backup import SETTINGS
    from crampwatch.backup import restore as restored

    manifest = restored(archive, into)
    console = Console(highlight=False, soft_wrap=True)
    store = "none" if manifest.night_store is None else f"version {manifest.night_store}"
    console.print(f"Made {manifest.made} by crampwatch {manifest.crampwatch}; this is {version('crampwatch')}.")
    console.print(f"Night store: {store}. Files: {len(manifest.files)}, all whole.")
    console.print(f"Enter what is secret in {into / SETTINGS}, then: crampwatch night --config {into / SETTINGS}")
