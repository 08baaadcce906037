"""Which muscle a site's name means, and so what the alert tells to do: what frees one muscle tenses another."""

import re
from typing import Literal, NamedTuple

from detector.catalogue import Catalogue


class Muscle(NamedTuple):
    """One muscle: its key in the catalogue, what frees it of a cramp, and the words by which a site's name means it."""

    key: str
    relief: Literal["calf", "shin", "foot", "thigh"]
    site: tuple[str, ...]

    def name(self, catalogue: Catalogue) -> str:
        """As anatomists call it."""
        return catalogue.say(f"preflight.muscle.{self.key}.name")

    def heading(self, catalogue: Catalogue) -> str:
        """Where most people would point, and the anatomists' name."""
        return f"{catalogue.say(f'preflight.muscle.{self.key}.known_as')} ({self.name(catalogue)})"


MUSCLES = (
    # The outer calf before the inner one, for a site such as outer_calf.
    Muscle("lateral_gastrocnemius", "calf", ("lateral", "outer")),
    Muscle("medial_gastrocnemius", "calf", ("medial", "inner", "gastrocnemius", "calf", "wade")),
    Muscle("tibialis_anterior", "shin", ("tibialis", "shin", "schienbein")),
    Muscle("foot", "foot", ("foot", "arch", "sole", "hallucis", "fuss", "sohle")),
    Muscle("biceps_femoris", "thigh", ("hamstring", "femoris", "thigh", "oberschenkel")),
)
ANOTHER_SIDE = {"front", "quadriceps", "vorn"}
"""Words of the thigh's other side, which is stretched the other way."""


def muscle_at(site: str) -> Muscle | None:
    """The muscle that a site like `left_calf` means; None where its name does not tell."""
    words = set(re.split(r"[_-]", site.lower()))
    if words & ANOTHER_SIDE:
        return None
    return next((muscle for muscle in MUSCLES if words & set(muscle.site)), None)


def alert_sentence(site: str, seconds: float, catalogue: Catalogue) -> str:
    """What somebody is told who has just been woken. `seconds` are those from onset to alert.

    A cramped muscle is freed by lengthening it (docs/explanation/relief.md), which is another movement for each.
    """
    muscle = muscle_at(site)
    relief = muscle.relief if muscle else "other"
    return catalogue.say(f"alert.cramp.{relief}", site=site, seconds=f"{seconds:.0f}")
