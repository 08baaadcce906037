"""Where a sensor belongs, muscle by muscle, and how to tense that muscle softly."""

import re
from functools import cache
from importlib.resources import files

import msgspec


class Muscle(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One muscle: its name, where most people would point, and what to do. `site` are words in the names of sites."""

    name: str
    known_as: str
    site: tuple[str, ...]
    find: str
    along: str
    tense: str

    @property
    def heading(self) -> str:
        """Both names."""
        return f"{self.known_as.capitalize()} ({self.name})"


class Placement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All there is to say about wearing a sensor."""

    skin: tuple[str, ...]
    softly: str
    muscles: tuple[Muscle, ...] = msgspec.field(name="muscle")

    def guidance(self, muscle: Muscle) -> list[str]:
        """How to wear a sensor on this muscle, in paragraphs."""
        return [
            muscle.heading,
            muscle.find,
            f"The electrodes lie one behind the other, {muscle.along}.",
            *self.skin,
            f"To see whether it is right, {muscle.tense}. {self.softly}",
        ]


@cache
def placement() -> Placement:
    """What `placement.toml` says."""
    return msgspec.toml.decode((files("crampwatch.preflight") / "placement.toml").read_bytes(), type=Placement)


def muscle_at(site: str) -> Muscle | None:
    """The muscle that a site like `left_calf` means; None where its name does not tell."""
    words = set(re.split(r"[_-]", site.lower()))
    return next((muscle for muscle in placement().muscles if words & set(muscle.site)), None)


def movement(site: str) -> str:
    """What to do so that the sensor sees its muscle work."""
    muscle = muscle_at(site)
    return muscle.tense if muscle else "tense the muscle under the sensor softly"
