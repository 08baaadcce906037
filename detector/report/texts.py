"""Every sentence of the morning report, in one place so that they can be weighed together and translated.

The rules they follow: watched time beside every count, no praise, no score, no verdict on health, never a cause.
"""

from typing import NamedTuple

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

Forms = tuple[str, str]
"""A counted noun: for one, and for any other number."""
CRAMP: Forms = ("{n} cramp", "{n} cramps")
CANDIDATE: Forms = ("{n} candidate", "{n} candidates")
FURTHER_CANDIDATE: Forms = ("{n} further candidate", "{n} further candidates")
TIMES: Forms = ("once", "{n} times")
NIGHT: Forms = ("{n} night", "{n} nights")


def counted(n: int, forms: Forms) -> str:
    """A number with its noun."""
    return forms[n != 1].format(n=n)


def listed(items: list[str]) -> str:
    """`a, b and c`."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def duration(seconds: float) -> str:
    """A short time: `94 s`, from two minutes on `2 min 10 s`."""
    whole = round(seconds)
    return f"{whole} s" if whole < 120 else f"{whole // 60} min {whole % 60:02d} s"


def hours(seconds: float) -> str:
    """A long time: `7 h 31`, `31 min`, `90 s`. Rounded down: nothing is watched for longer than it was."""
    minutes = int(seconds // 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60:02d}"
    return f"{minutes} min" if minutes >= 2 else f"{int(seconds)} s"


# The headline
NIGHT_OF = "Night of {day} {month}, {site}"
SIMULATED_NIGHT_OF = "Simulated night of {day} {month}, {site}"
ONE_CRAMP = "{count} at {each}"
SEVERAL_CRAMPS = "{count}, at {each}"
CRAMP_AT = "{time} ({duration})"
MANY_CRAMPS = "{count} between {first} and {last} ({shortest} to {longest})"
STILL_GOING = "still going on"
NOT_OVER = "not over when the recording ended"
NO_CRAMP = "{count} in {watched} of {recorded} watched"
WATCHED = "Watched {watched} of {recorded}"
TOO_LITTLE = "not enough was watched to say whether there were cramps: {watched} of {recorded}"
TOO_LITTLE_FOR_MORE = "Not enough was watched to say whether there were more: {watched} of {recorded}"
ALERT = "Alert {latency} after onset"
ALERTS = "Alerts {latency} after onset"
RANGE = "{shortest} to {longest}"
NO_ALERT = "No alert was sent"
SOME_ALERTS = "no alert was sent for {n} of {count}"

# The page
TITLE = "Morning report"
PERIOD = "{wearer}, {site}. Recorded from {start} on {start_day} to {end} on {end_day} ({timezone})."
DATE = "{day} {month} {year}"
BANNER = "Home measurement, not a medical examination. Not a medical device, not a diagnosis."
SIMULATED_TITLE = "Simulated night."
SIMULATED = "These signals were made by a program. No person wore a sensor."
CLOCK_FORWARD = "The clocks went forward during this night, to {after}; every time carries its zone."
CLOCK_BACK = "The clocks went back during this night, to {after}; every time carries its zone."
WRITTEN = "Written {date}, {time}."
NONE = "none"
NOT_KNOWN = "not known"

FIGURE_CRAMPS = "Cramps"
FIGURE_WATCHED = "Watched"
FIGURE_TOTAL = "Total cramp time"
FIGURE_LONGEST = "Longest cramp"
FIGURE_LATENCY = "Alert after onset"
FIGURE_CANDIDATES = "Candidates"
CRAMPS_WHILE_WATCHED = "{n} while watched"
WATCHED_OF = "{watched} of {recorded}"

# The night
NIGHT_HEADING = "The night"
NIGHT_CAPTION = (
    "Time runs from left to right by the clock on the wall. Grey band: smallest to largest muscle signal (RMS envelope "
    "of the EMG). Solid line: resting level. Dashed line: the level above which a contraction is suspected. "
    "Filled triangle: cramp. Hollow diamond: candidate. Hatched: not watched; nothing is known about these times. "
    "Lines are not joined across missing data."
)
NIGHT_DESCRIPTION = (
    "The night by the clock: cramps, candidates, movements, muscle signal, motion, temperature, posture."
)
ROW_CRAMPS = "cramps"
ROW_CANDIDATES = "candidates"
ROW_MOVEMENTS = "movements"
ROW_UNWATCHED = "not watched"
PANEL_ENVELOPE = "Muscle signal, {channel} (µV, logarithmic)"
PANEL_MOTION = "Leg motion (mg)"
PANEL_TEMPERATURE = "Skin temperature (°C)"
PANEL_POSTURE = "Posture, from the shank"
CLOCK_LINE = "Dotted line from top to bottom: the clocks change."
ABSENT_MOTION = "Leg motion was not recorded."
ABSENT_TEMPERATURE = "Skin temperature was not recorded."
ABSENT_POSTURE = "Posture is not known: no accelerometer, or the settings do not say how it is worn."

# Cramps
EVENTS_HEADING = "Cramps"
EVENTS_NONE = "None was reported in the time watched."
EVENTS_NONE_UNKNOWN = "None was reported, but not enough was watched to say that there were none."
EVENTS_INTRO = "What the detector reported. It cannot feel: whether it hurt only you can say."
EVENT_TIME = "Began"
EVENT_DURATION = "Lasted"
EVENT_PEAK = "Peak"
EVENT_RISE = "Rise"
EVENT_ALERT = "Alert"
EVENT_LEG = "Leg"
EVENT_CHANNEL = "Channel"
EVENT_REASON = "Why"
PEAK_OF_REST = "{ratio:.0f} times rest ({peak:.0f} µV)"
SECONDS = "{seconds:.1f} s"
AFTER = "after {latency}"
LATE = "not sent"
LEG_STILL = "still"
LEG_LED = "moved {lead:.0f} s later"
LEG_MOVING = "moving {share:.0f} % of the time"
LEG_UPRIGHT = "upright"
EVENT_CAPTION = "{time}, {duration}"
EVENT_DESCRIPTION = "Muscle signal and leg motion around the cramp at {time}."
EVENT_PLOT_NOTE = (
    "Seconds from onset. Solid line: muscle signal (µV). Thin line: resting level. Dashed: threshold. "
    "Shaded: the contraction. Dotted: the moment it was certain enough for an alert. Below: leg motion (mg)."
)
EVENT_PLOT_ENVELOPE = "µV"
EVENT_PLOT_MOTION = "mg"
EVENT_PLOT_AXIS = "seconds from onset"
EVENT_PLOT_NONE = "No trace was kept of the cramp at {time}."

# Candidates
CANDIDATES_HEADING = "Candidates that were not counted"
CANDIDATES_NONE = "No contraction came close to being counted as a cramp."
CANDIDATES_INTRO = (
    "Steady as a cramp would be, for at least 5 s with the leg still or for at least 10 s in any case, "
    "and then turned down for the reason given."
)
OTHERS_INTRO = "Other contractions of 10 s and more, by reason:"
MOVEMENTS_COUNT = "Brief movements (other contractions under 10 s): {n}. Not a sleep laboratory's index."

# Not watched
UNWATCHED_HEADING = "What was not watched"
UNWATCHED_NONE = "Nothing: the whole recording could be judged."
UNWATCHED_INTRO = "A cramp in these times would have gone unseen."
UNWATCHED_CAUSE = "Cause"
UNWATCHED_TOTAL = "In all"
UNWATCHED_COUNT = "How often"
UNWATCHED_LONGEST = "Longest"
UNDER_A_SECOND = "under 1 s"
LONGEST_AT = "{duration} from {time}"

# Before bed
PREFLIGHT_HEADING = "The look before bed"
PREFLIGHT_OK = "At {time} everything that was looked at was as it should be."
PREFLIGHT_AMISS = "At {time} not everything was as it should be: {amiss}."
PREFLIGHT_CHECK = "{area}: {says}"
PREFLIGHT_NOT_ASKED = "Not asked: {areas}."
PREFLIGHT_LEVELS = "{channel}: {rest:.1f} µV at rest, {ratio:.0f} times that in a soft contraction."
PREFLIGHT_REST = "{channel}: {rest:.1f} µV at rest; no contraction was seen."

# What came before
CONTEXT_HEADING = "What came before"
CONTEXT_INTRO = (
    "The half hour before each cramp, looked at afterwards. It is about you only, and it says what came first, "
    "not what led to it."
)
CONTEXT_NONE = "No cramp is on record, so there is nothing to look back from."
CONTEXT_UNKNOWN = "Nothing is known about the time before the cramps on record."
FACTOR = "Seen"
FACTOR_FINDING = "How often"
FACTOR_EVIDENCE = "What research says"
SEEN_TONIGHT = "Before {seen} of {count} this night"
SEEN_SO_FAR = "before {seen} of {count} in {nights}"
MORE_OFTEN = "more often than your usual: {usual:.0f} % of your other half hours ({p}, exact permutation within nights)"
P_VALUE = "p = {p:.2f}"
P_SMALL = "p < 0.01"
NOT_SEEN = "Looked for, and not seen before any of them: {factors}."
CHANCE = (
    "“More often than your usual” needs at least 5 cramps and 7 nights. Each line has up to a 1 in 10 chance of "
    "saying it by coincidence."
)
NOT_MEASURED = (
    "Not measured here: foot position, bedding, room temperature, effort and rest during the day, drinking, medicines, "
    "minerals in the blood, single muscle twitches."
)


class FactorText(NamedTuple):
    """What was seen before a cramp, and how far research supports that it matters."""

    seen: str
    evidence: str


FACTORS = {
    "recent_cramp": FactorText(
        "Another cramp within the last 60 min",
        "Supported in the laboratory: a muscle cramps more easily for at least an hour after a cramp.",
    ),
    "many_movements": FactorText(
        "13 or more brief movements in the half hour",
        "Leg jerks were the strongest associate in a large survey. A count of movements, nothing more.",
    ),
    "prone": FactorText(
        "Lying face down",
        "A muscle cramps when shortened, and toes point down when lying face down. No trial on posture.",
    ),
    "long_same_posture": FactorText(
        "Same posture for more than 86 min",
        "No direct study, and common: by published rates of turning over, one posture in ten lasts longer.",
    ),
    "skin_cooled": FactorText(
        "Skin cooled by 1.5 °C or more",
        "Mixed. Cold legs went with cramps in one survey, yet prescriptions and searches for cramps peak in summer.",
    ),
    "skin_cool": FactorText("Skin below 28 °C for 15 min", "Mixed, as above. The limit is a guess."),
    "skin_warm": FactorText(
        "Skin at 35.5 °C or above for 15 min", "Prescriptions and searches for cramps peak in summer. No study on skin."
    ),
}


class Relief(NamedTuple):
    """Something people do about a cramp, and how well it is supported."""

    what: str
    evidence: str


RELIEF_HEADING = "What may help"
RELIEF_DURING = "During a cramp"
RELIEF_METHOD = "What"
RELIEF_EVIDENCE = "Evidence"
RELIEF = (
    Relief(
        "Straighten the knee and pull the toes toward the shin, or stand with the heel down. Stand up slowly, hold on.",
        "Supported: stretching stops cramps set off in the laboratory at once.",
    ),
    Relief(
        "Keep stretching gently for about a minute. Expect that it may come back within the hour.",
        "Supported: the muscle cramps more easily for at least 60 min afterwards.",
    ),
    Relief("Massage, warmth, walking.", "Reasonable, not tested."),
    Relief("Circling the ankle.", "Traditional, no trial found."),
    Relief("Pressing behind the knee, or on the opposite side.", "Traditional, no trial found."),
)
RELIEF_BEFORE = "Before bed"
PREVENTION = (
    Relief(
        "Stretch calf and hamstrings before bed, three times 10 s each.",
        "One trial with 80 people: 1.2 fewer cramps a night. Cochrane review 2021: may lessen severity, low certainty. "
        "The calf alone: no difference in a trial with 191 people.",
    ),
)
SAFETY = (
    "One leg swollen, warm, red or tender: see a doctor the same day. If breath is short or the chest hurts as well: "
    "call the emergency number at once. Ask a doctor or nurse about weakness, cramps by day, cramps that become more "
    "frequent or more painful, cramps in pregnancy or on dialysis, or cramps since a new medicine (such as statins or "
    "diuretics). Do not take quinine or supplements because of this report."
)

# Method and limits
METHOD_HEADING = "How this was measured"
METHOD = (
    "Surface EMG of one muscle, band-passed and freed of the mains; its RMS over {window_s:g} s, ten times a second.",
    "The resting level is learned from quiet moments of the same night, separately for each channel.",
    "Suspected: a sudden rise above the threshold, kept for half a second.",
    "Reported: steady for {confirm_asleep_s:g} s, and the leg still or moving only later.",
    "When the leg moved just before, the sleeper may be awake: then {confirm_awake_s:g} s are asked for.",
    "When the leg jerked as the contraction began, it was more likely meant: then {confirm_moved_s:g} s are asked for.",
    "Times that cannot be judged (data lost, signal clipped or flat, mains, learning) count as not watched.",
    "Times come from the samples' own clocks, not from their arrival.",
)
LIMITS_HEADING = "Limits"
LIMITS = (
    "One muscle of one leg: cramps elsewhere are not seen.",
    "Contractions below about {on_ratio:.0f} times rest, or shorter than {confirm_asleep_s:g} s, are not reported.",
    "Holding a posture while awake can look like a cramp. A cramp during movement can be missed.",
    "Developed on simulated nights. Not validated against a sleep laboratory or against people's own reports.",
    "It may miss cramps and it may report some that were none.",
)
VERSION = "Detector version {version}, parameters {hash}. Counts from other versions or parameters do not compare."
PARAMETERS_HEADING = "Parameters"
