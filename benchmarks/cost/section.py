"""What a measurement contributes to the page."""

from typing import NamedTuple


class Verdict(NamedTuple):
    """A target held against what was measured; `met` is None where nothing was."""

    what: str
    wanted: str
    measured: str
    met: bool | None


class Section(NamedTuple):
    """A part of the page, and the targets that it measures."""

    title: str
    text: str
    verdicts: tuple[Verdict, ...] = ()
