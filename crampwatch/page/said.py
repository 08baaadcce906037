"""What people entered in the diary, shown again in words."""

from collector.contract.topics import Place
from crampwatch.page.wording import Wording
from detector.alarm.messages import EveningNote, FeltCramp
from detector.diary.diary import Diary

MUSCLES = ("calf", "shin", "foot", "toes", "thigh_front", "thigh_back")
"""Where night cramps are felt, the most frequent first; stored by these names whatever the language."""
PARTS = ("alcohol", "coffee", "exercise", "medicine", "text")
"""Of an evening note, in the order in which they are asked."""


def felt(cramp: FeltCramp, now_ns: int, wording: Wording) -> str:
    """A cramp somebody felt, in one line; its date is told where it was not in the night of `now_ns`."""
    say = wording.say
    parts = [
        wording.clock(cramp.felt_ns, now_ns),
        say("page.pain_of", pain=cramp.pain) if cramp.pain is not None else "",
        wording.duration(cramp.duration_s) if cramp.duration_s is not None else "",
        say(f"page.{cramp.leg}") if cramp.leg else "",
        say(f"page.muscle_{cramp.muscle}") if cramp.muscle in MUSCLES else cramp.muscle or "",
        cramp.note,
    ]
    return ", ".join(part for part in parts if part)


def noted(note: EveningNote, wording: Wording) -> list[tuple[str, str]]:
    """What an evening note holds, each part with its name."""
    return [(wording.say(f"page.{name}"), text) for name in PARTS if (text := getattr(note, name))]


def entered_since(diary: Diary, place: Place, since_ns: int, now_ns: int, wording: Wording) -> list[str]:
    """The cramps that were entered from then on, whenever they were felt, the latest entry first."""
    entered = [cramp for cramp in diary.between(place, FeltCramp) if cramp.t_ns >= since_ns]
    return [felt(cramp, now_ns, wording) for cramp in sorted(entered, key=lambda cramp: -cramp.t_ns)]
