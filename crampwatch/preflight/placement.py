"""Where a sensor belongs, muscle by muscle, and how to tense that muscle softly; the words are the catalogue's."""

from detector.catalogue import Catalogue
from detector.muscles import Muscle, muscle_at


def movement(site: str, catalogue: Catalogue) -> str:
    """What to do so that the sensor sees its muscle work."""
    muscle = muscle_at(site)
    return catalogue.say(f"preflight.muscle.{muscle.key}.tense" if muscle else "preflight.where.movement")


def guidance(muscle: Muscle, catalogue: Catalogue) -> list[str]:
    """How to wear a sensor on this muscle, in paragraphs."""
    say, key = catalogue.say, f"preflight.muscle.{muscle.key}"
    return [
        muscle.heading(catalogue),
        say(f"{key}.find"),
        say("preflight.where.electrodes", along=say(f"{key}.along")),
        *skin(catalogue),
        say("preflight.where.try", movement=say(f"{key}.tense"), softly=say("preflight.where.softly")),
    ]


def skin(catalogue: Catalogue) -> list[str]:
    """What holds for every muscle: preparation, distance, rotation, and when not to."""
    return [catalogue.say(f"preflight.where.skin_{it}") for it in ("wash", "apart", "rest", "sore")]
