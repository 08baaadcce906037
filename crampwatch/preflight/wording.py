"""What the look before bed says to the person it looks at: the prompts, and a line for each finding."""

from crampwatch.doctor.finding import Finding
from crampwatch.preflight.course import HOLD_S, LASTS_S
from crampwatch.preflight.look import Prompt
from crampwatch.preflight.placement import movement
from detector.catalogue import Catalogue


def prompt(which: Prompt, site: str, catalogue: Catalogue) -> str:
    """What to do now."""
    say = catalogue.say
    match which:
        case "rest":
            return say("preflight.prompt.rest", seconds=f"{LASTS_S['rest']:.0f}")
        case "tense":
            softly = say("preflight.where.softly")
            return say(
                "preflight.prompt.tense", seconds=f"{HOLD_S:.0f}", movement=movement(site, catalogue), softly=softly
            )
        case _:
            return say(f"preflight.prompt.{which}")


def line(finding: Finding, catalogue: Catalogue) -> str:
    """A finding with the names of check and state in the catalogue's language."""
    state, area = catalogue.say(f"preflight.state.{finding.state}"), catalogue.say(f"preflight.area.{finding.area}")
    return finding.line(state=state, area=area)
