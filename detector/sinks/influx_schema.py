"""What InfluxDB holds of a night and of what was said of it: every measurement, its tags, its fields with their types
and units. Nothing else builds points, so nothing else can be in there.

A point is known by measurement, tags and time; written again it is replaced, field by field. Therefore the tags and the
time of a thing follow from what it is and never change: an event lies at its onset and is completed when it ends.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import msgspec

from collector.contract.messages import NS

Value = bool | int | float | str


class Point(msgspec.Struct, frozen=True):
    """One point; `t_ns` since 1970-01-01 UTC."""

    measurement: str
    tags: dict[str, str]
    t_ns: int
    fields: dict[str, Value]

    @property
    def identity(self) -> str:
        """What makes two points the same, so that the later one replaces the earlier."""
        return msgspec.json.encode([self.measurement, sorted(self.tags.items()), self.t_ns]).decode()


@dataclass(frozen=True)
class Field:
    """A field never changes its type: InfluxDB would refuse the point."""

    kind: type[bool] | type[int] | type[float] | type[str]
    unit: str
    meaning: str


@dataclass(frozen=True)
class Measurement:
    """One measurement and everything it may hold. All tags are always there; a field without a value is left out."""

    name: str
    meaning: str
    time: str
    tags: Mapping[str, str]
    fields: Mapping[str, Field]

    def point(self, tags: Mapping[str, str], t_ns: int, values: Mapping[str, Value | None]) -> Point:
        """A point; raises ValueError for a tag or field that the schema does not know."""
        if set(tags) != set(self.tags) or not set(values) <= set(self.fields):
            raise ValueError(f"{self.name} has the tags {list(self.tags)} and the fields {list(self.fields)}")
        fields = {name: self.fields[name].kind(value) for name, value in values.items() if value is not None}
        return Point(self.name, dict(tags), t_ns, fields)


def _level(name: str, unit: str, meaning: str) -> dict[str, Field]:
    """Lowest, mean and highest: a mean alone would hide a cramp of 20 s in its minute."""
    words = {"min": "lowest", "mean": "mean of", "max": "highest"}
    suffix = unit.strip("°").lower()
    return {f"{name}_{short}_{suffix}": Field(float, unit, f"{word} {meaning}") for short, word in words.items()}


_PLACE = {"wearer": "who wears the sensor", "site": "where"}
_CHANNEL = {**_PLACE, "channel": "the EMG channel, as the wearable's profile names it"}
_EVENT = {
    "stage": Field(str, "", "`confirmed` while it lasts, then `ended`; `withdrawn` when judging anew found none"),
    "night": Field(str, "", "date of the evening on which the night began, local time"),
    "duration_s": Field(float, "s", "from onset to end; absent while it lasts, 0 when withdrawn"),
    "end_ms": Field(int, "ms", "end, since 1970; absent while it lasts"),
    "clock_h": Field(float, "h", "onset by the wearer's clock, from midnight: -1.5 is 22:30, 3.25 is 03:15"),
    "suspected_ms": Field(int, "ms", "when it was first suspected, since 1970"),
    "alerted_ms": Field(int, "ms", "when the alert was raised, since 1970"),
    "latency_s": Field(float, "s", "from onset to the last sample that raising the alert needed"),
    "peak_uv": Field(float, "uV", "highest envelope"),
    "mean_uv": Field(float, "uV", "mean envelope"),
    "rest_uv": Field(float, "uV", "resting level before it"),
    "threshold_uv": Field(float, "uV", "on-threshold in force"),
    "text": Field(str, "", "what was said, in words"),
    "reason": Field(str, "", "why it was believed or not, with figures"),
    "event_id": Field(str, "", "the event's id in the night store and in MQTT"),
    "session": Field(str, "", "the session it was found in"),
    "detector_version": Field(str, "", "version of the rule"),
    "parameters_hash": Field(str, "", "hash of the rule's parameters"),
    "simulated": Field(bool, "", "whether the night was simulated"),
    "verdict": Field(str, "", "what a person said it was: `cramp`, `not` or `unsure`; absent until somebody has"),
    "verdict_by": Field(str, "", "who said so"),
}
_ANSWER = {
    "published_s": Field(float, "s", "from onset to the message that told of it; absent when no alarm heard it"),
    "sounded_s": Field(float, "s", "from onset to the first sound beside the bed; absent when there was none"),
    "acknowledged_s": Field(float, "s", "from onset to an answer; absent until somebody has answered"),
    "answered_by": Field(str, "", "who answered"),
}
"""The last three by the clock of the alarm: of a recording that is played later they tell how much later."""

CRAMP = Measurement(
    "cramp_event", "A contraction that raised an alert; told when confirmed, completed when over.",
    "onset", _CHANNEL, _EVENT | _ANSWER,
)  # fmt: skip
CANDIDATE = Measurement(
    "cramp_candidate", "A contraction that was suspected and rejected, with the reason.", "onset", _CHANNEL,
    {name: field for name, field in _EVENT.items() if name not in ("alerted_ms", "latency_s")}
    | {"stage": Field(str, "", "`rejected`, or `withdrawn` when judging anew found none")},
)  # fmt: skip
EMG = Measurement(
    "emg", "One minute of one EMG channel. Raw EMG never leaves the journal.", "start of the minute", _CHANNEL,
    _level("envelope", "uV", "RMS envelope (mean: over the middles of each second's range)")
    | _level("rest", "uV", "resting level at the end of each second")
    | _level("threshold", "uV", "on-threshold at the end of each second")
    | {
        "watched_s": Field(int, "s", "seconds in which this channel could be judged throughout"),
        "quality": Field(str, "", "`good`, or the gravest cause for which a second of it could not be judged"),
    },
)  # fmt: skip
LEG = Measurement(
    "leg", "One minute of what the channels share.", "start of the minute", _PLACE,
    _level("motion", "mg", "dynamic acceleration, of each second the largest")
    | _level("temperature", "°C", "skin temperature; the store keeps one mean a minute, so the three mostly agree")
    | {
        "watched_s": Field(int, "s", "seconds in which at least one channel could be judged throughout"),
        "posture": Field(str, "", "how the wearer lay for most of it; absent where `shank_axis` is not set"),
    },
)  # fmt: skip
UNWATCHED = Measurement(
    "unwatched", "A stretch during which no channel could be judged. Time before and after sessions has no points.",
    "its start", _PLACE,
    {
        "cause": Field(str, "", "why, in words; `withdrawn` when judging anew found none"),
        "end_ms": Field(int, "ms", "its end, since 1970"),
        "duration_s": Field(float, "s", "its length; 0 when withdrawn"),
    },
)  # fmt: skip
LINK = Measurement(
    "link", "A wearable's radio link, once a minute.", "start of the minute",
    {**_PLACE, "device": "the wearable, as the collector names it"},
    {
        "state": Field(str, "", "state of the link"),
        "rssi_dbm": Field(int, "dBm", "signal strength"),
        "battery_percent": Field(float, "%", "battery level"),
        "battery_hours_left": Field(float, "h", "how long the battery is thought to last"),
        "reconnects": Field(int, "", "reconnections since the session began"),
    },
)  # fmt: skip
STREAM = Measurement(
    "stream", "What arrived of a stream, once a minute.", "start of the minute",
    {**_PLACE, "stream": "`emg`, `acc` or `temp`"},
    {
        "samples": Field(int, "", "samples received since the session began"),
        "lost": Field(int, "", "samples lost since the session began"),
        "rate": Field(float, "", "samples received per sample expected, over the last 10 s"),
        "fitted_ppm": Field(float, "ppm", "the sensor's clock against the host's"),
    },
)  # fmt: skip
COLLECTOR = Measurement(
    "collector", "The collector's account of itself, once a minute.", "start of the minute", _PLACE,
    {
        "unpublished": Field(int, "", "messages in the journal that the broker has not taken over yet"),
        "refused": Field(int, "", "packets that could not be read, since the session began"),
    },
)  # fmt: skip
NIGHT_HOUR_UTC = 22
"""A night's summary lies at this hour of its date: between the noons around it wherever people live (UTC-10 to +13),
and independent of the time zone set, so that a change of it does not double the summaries."""
VALID_S = 4 * 3600.0
VALID_SHARE = 0.8
"""A night watched for less is not counted. Four hours are what a home sleep apnea test has to reach (AASM, Kapur 2017);
four fifths is a guess: a night is not counted either when cramps could have hidden in a fifth of it."""
NIGHT = Measurement(
    "night_summary", "A night so far, and at last.", f"{NIGHT_HOUR_UTC}:00 UTC on the date of its evening", _PLACE,
    {
        "night": Field(str, "", "date of the evening, local time; a night goes from noon to noon"),
        "headline": Field(str, "", "the night in words, as the morning report begins"),
        "watching": Field(str, "", "how much of it was watched, and whether that is enough to count it"),
        "valid": Field(bool, "", f"watched for {VALID_S / 3600:g} h or more, and {VALID_SHARE:.0%} of the recording"),
        "cramps": Field(int, "", "contractions that raised an alert"),
        "candidates": Field(int, "", "contractions that were suspected and rejected"),
        "cramp_s": Field(float, "s", "total length of the cramps that are over"),
        "longest_s": Field(float, "s", "the longest of them"),
        "recorded_s": Field(float, "s", "from the first to the last sample"),
        "watched_s": Field(float, "s", "how long at least one channel could be judged"),
        "start_ms": Field(int, "ms", "first sample, since 1970"),
        "end_ms": Field(int, "ms", "behind the last sample, since 1970"),
        "complete": Field(bool, "", "whether the night is over and judged to its end"),
        "sessions": Field(int, "", "sessions it consists of; each start of the collector makes one"),
        "open_sessions": Field(int, "", "of these not judged to their end"),
        "detector_version": Field(str, "", "version of the rule of its last session"),
        "parameters_hash": Field(str, "", "hash of the parameters of its last session"),
        "simulated": Field(bool, "", "whether the night was simulated"),
        "judged_cramp": Field(int, "", "cramps that a person said were one"),
        "judged_not": Field(int, "", "cramps that a person said were none: false alarms"),
        "judged_unsure": Field(int, "", "cramps of which a person was not sure"),
        "not_judged": Field(int, "", "cramps without a verdict"),
        "felt_detected": Field(int, "", "cramps that were felt and detected, as `felt_cramp` tells"),
        "felt_missed": Field(int, "", "cramps that were felt and not detected"),
        "felt_unrecorded": Field(int, "", "cramps that were felt while nothing was recorded"),
    },
)  # fmt: skip

WEEK = Measurement(
    "week_summary", "The nights whose evenings lie in one ISO week, Monday to Sunday. Counted are the valid ones that "
    "were judged by the same parameters as the last of them; simulated nights and real ones are not counted together.",
    f"{NIGHT_HOUR_UTC}:00 UTC on its Monday", _PLACE,
    {
        "week": Field(str, "", "ISO week, as 2026-W47"),
        "nights": Field(int, "", "nights with a recording"),
        "other_nights": Field(int, "", "of these not comparable with the last: other parameters, or simulated"),
        "valid_nights": Field(int, "", "comparable nights that were watched for long enough"),
        "cramps": Field(int, "", "cramps in the valid nights"),
        "per_week": Field(float, "", "cramps in seven valid nights; absent while there is no valid night"),
        "per_week_low": Field(float, "", "lower limit of the exact 95 % Poisson interval (Garwood 1936)"),
        "per_week_high": Field(float, "", "upper limit of it"),
    },
)  # fmt: skip

_OF_NIGHT = {"night": Field(str, "", "date of the evening of the night it belongs to, local time")}
_BY = {"by": Field(str, "", "who said so")}
FELT = Measurement(
    "felt_cramp", "A cramp that somebody felt, and whether it was detected.",
    "when it was felt, and less than a millisecond from the entry's id: two of the same minute stay two", _PLACE,
    {
        **_OF_NIGHT,
        "pain": Field(int, "", "1 to 10; this and the next four are absent when not told"),
        "duration_s": Field(float, "s", "how long it was felt"),
        "leg": Field(str, "", "`left` or `right`"),
        "muscle": Field(str, "", "where in the leg"),
        "note": Field(str, "", "in the person's own words"),
        **_BY,
        "detected": Field(bool, "", "whether an alert lies near it, as `match` says"),
        "match": Field(str, "", "the id of the nearest alert; else `not detected`, or `not recorded` then"),
        "match_ms": Field(int, "ms", "the onset of that alert, since 1970; 0 when there is none"),
    },
)  # fmt: skip
ALARM = Measurement(
    "alarm", "A change of the alarm beside the bed, or of a fault it tells.", "the change", _PLACE,
    {
        **_OF_NIGHT,
        "state": Field(str, "", "the alarm's state from then on"),
        "before": Field(str, "", "its state until then; the same where something else changed"),
        "by": Field(str, "", "who changed it; `detector` and `bedside` where it was no person"),
        "why": Field(str, "", "what changed it: news, the passing of time, or what a person asked for"),
        "until_ms": Field(int, "ms", "when the state ends by itself, since 1970; 0 when it depends on other things"),
        "event_id": Field(str, "", "the event it is about; empty when about none"),
        "unanswered": Field(bool, "", "whether an alert passed and nobody has answered"),
        "fault": Field(str, "", "the nearest cause of what is wrong; `none` when nothing is"),
        "faults": Field(str, "", "everything that is wrong, the nearest cause first"),
    },
)  # fmt: skip
EVENING = Measurement(
    "evening", "What somebody noted about an evening, in their own words.",
    f"{NIGHT_HOUR_UTC}:00 UTC on its date, and less than a millisecond from the entry's id", _PLACE,
    {
        **_OF_NIGHT,
        "text": Field(str, "", "the note; this and the next four are absent when nothing was noted"),
        "alcohol": Field(str, "", "what and how much"),
        "coffee": Field(str, "", "what and how much"),
        "exercise": Field(str, "", "what and how much"),
        "medicine": Field(str, "", "what and how much"),
        "noted_ms": Field(int, "ms", "when it was noted, since 1970"),
        **_BY,
    },
)  # fmt: skip
PREFLIGHT = Measurement(
    "preflight", "What a look before bed found.", "its end", _PLACE,
    {
        **_OF_NIGHT,
        "result": Field(str, "", "`all is well`, or how much is not"),
        "problems": Field(int, "", "what keeps the night from being watched"),
        "warnings": Field(int, "", "what may do so"),
        "says": Field(str, "", "what was not as it should be, in words, the problems first"),
        "muscles": Field(str, "", "the resting level and a gentle contraction of each channel, in words"),
        **_BY,
    },
)  # fmt: skip

MEASUREMENTS = (
    CRAMP, CANDIDATE, EMG, LEG, UNWATCHED, LINK, STREAM, COLLECTOR, NIGHT, WEEK, FELT, ALARM, EVENING, PREFLIGHT,
)  # fmt: skip


def night_ns(night: date) -> int:
    """Where a night's summary lies."""
    return round(datetime(night.year, night.month, night.day, NIGHT_HOUR_UTC, tzinfo=UTC).timestamp()) * NS


def monday_of(night: date) -> date:
    """The Monday of the week to which a night belongs; the week's summary lies where that Monday's would."""
    return night - timedelta(days=night.weekday())
