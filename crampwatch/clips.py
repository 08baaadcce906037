"""The clips of the settings' data directory."""

from crampwatch.config import Config
from crampwatch.errors import UserError
from detector.clips import Clips
from detector.diary.schema import BadDiary
from detector.store_schema import BadStore


def clips_of(config: Config) -> Clips:
    """Those in the data directory, of what its night store and diary tell."""
    return Clips(config.directory, config.store, config.diary, config.zone)


def without_clips(config: Config) -> set[str]:
    """Make the clips that are wanted; the sessions of which one could not be made, whose journals have to stay.

    Raises UserError when night store or diary cannot be read: then nobody knows which samples are to be kept.
    """
    try:
        clips = clips_of(config).keep_all()
    except (BadStore, BadDiary) as error:
        raise UserError(f"{error}. Nothing is deleted: nobody can tell which samples are to be kept") from error
    return {clip.event.session for clip in clips if clip.outcome in ("waiting", "failed")}
