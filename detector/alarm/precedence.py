"""Which faults sound, and which goes before which."""

from collections.abc import Iterable
from typing import get_args

from detector.alarm.messages import FaultKind

KINDS: tuple[FaultKind, ...] = get_args(FaultKind)
SOFT: frozenset[FaultKind] = frozenset({"phones", "companion", "database"})
"""Told and never sounded: a cramp is watched for and sounds all the same, and nothing is lost until the morning."""


def in_order(kinds: Iterable[FaultKind]) -> tuple[FaultKind, ...]:
    """The nearest cause first."""
    return tuple(sorted(set(kinds), key=KINDS.index))


def sounding(kinds: Iterable[FaultKind]) -> tuple[FaultKind, ...]:
    """Those of them that are to be heard."""
    return tuple(kind for kind in kinds if kind not in SOFT)
