"""`crampwatch backup`: settings, night store and journals in one file, while everything runs."""

from pathlib import Path
from typing import Literal

from rich.console import Console


def backup(
    out: Path, *, samples: Literal["none", "marked", "all"] = "marked", config: Path = Path("crampwatch.toml")
) -> None:
    """Write settings, device profiles, the night store and journals into one tar file; nothing has to be stopped.

    Passwords and tokens are left out; so are the files that the settings name for them.

    Parameters
    ----------
    out
        The file to write, such as crampwatch.tar; one that exists is not overwritten.
    samples
        Which journals to take along: none, those that are marked to be kept, or all.
    config
        The settings file.
    """
    from crampwatch.backup import write
    from crampwatch.words import counted

    manifest = write(out, config, samples)
    megabytes = sum(file.size for file in manifest.files) / 1e6
    held = f"{counted(len(manifest.files), 'file')}, {megabytes:.1f} MB"
    Console(highlight=False).print(f"The backup is in {out}: {held}. Secrets are not in it.", soft_wrap=True)
