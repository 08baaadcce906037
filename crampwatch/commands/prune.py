"""`crampwatch prune`: delete the journals of nights long past."""

import time
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.console import Console

from crampwatch.config import load
from crampwatch.errors import UserError

NO_CLIP = "a clip of it could not be kept; `crampwatch clips` tells why"


def prune(
    *,
    dry_run: bool = False,
    keep_nights: Annotated[int | None, Parameter(validator=Number(gte=0))] = None,
    config: Path = Path("crampwatch.toml"),
) -> None:
    """Delete the samples of all but the last nights; what was found in them stays in the night store.

    The collector does the same at its start and at noon. Never deleted is what has not been published, what is of
    tonight, and what is marked: put an empty file beside it that has the journal's name and .keep after it. The samples
    around each alert and each verdict are kept as clips before, as by `crampwatch clips`, and are never deleted.

    Parameters
    ----------
    dry_run
        Only show what would be deleted.
    keep_nights
        How many nights to keep, instead of what the settings say.
    config
        The settings file.
    """
    from collector.contract.nights import night_of
    from collector.retention import delete, kept_journals, outlived
    from crampwatch.clips import without_clips

    settings = load(config)
    tonight = night_of(time.time_ns(), settings.zone)
    missing = set() if dry_run else without_clips(settings)
    journals = [
        kept._replace(because=NO_CLIP) if kept.path.stem in missing and not kept.because else kept
        for kept in kept_journals(settings.directory, settings.zone, tonight)
    ]
    gone = outlived(journals, tonight, settings.keep_nights if keep_nights is None else keep_nights)
    console = Console(highlight=False, soft_wrap=True)
    for kept in journals:
        if not dry_run and kept in gone:
            try:
                delete(kept)
            except OSError as error:
                raise UserError(f"{kept.path}: cannot be deleted ({error.strerror})") from error
        verdict = ("would be deleted" if dry_run else "deleted") if kept in gone else kept.because or "recent enough"
        console.print(f"{kept.path.name}  {kept.size / 1e6:.1f} MB  {verdict}")
    total = sum(kept.size for kept in gone) / 1e6
    console.print(f"{len(gone)} of {len(journals)} journals, {total:.1f} MB{', would be' if dry_run else ''} deleted.")
