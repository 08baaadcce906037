"""Opening a recording, whatever kind of file it is in."""

from pathlib import Path

from collector.contract.channel_roles import Choice
from collector.contract.edf_recording import UNNAMED, EdfRecording
from collector.contract.errors import BadRecording
from collector.contract.journal import is_journal
from collector.contract.journal_recording import JournalRecording
from collector.contract.recording import Recording
from collector.contract.topics import Place


def open_recording(path: Path, choice: Choice | None = None, place: Place = UNNAMED) -> Recording:
    """The recording in a journal or an EDF, EDF+ or BDF file.

    `choice` and `place` are for EDF, which names neither; a journal knows both itself. Raises BadRecording, whose one
    line begins with the file's name.
    """
    if is_journal(path):
        return JournalRecording(path)
    try:
        return EdfRecording(path, choice, place)
    except BadRecording as error:
        raise BadRecording(f"{path.name}: {error}") from error
