"""Every sentence of an explanation, in one place."""

from detector.frames import CAUSES, Quality

# The headline
CONFIRMED = "Confirmed at {time}, {after:.1f} s after onset: {reason}"
REJECTED = "Rejected {after:.1f} s after onset at {time}: {reason}"
NEAREST = "Nothing was going on at {time}; the nearest contraction began {distance}"
EARLIER, LATER = "{s:.0f} s earlier", "{s:.0f} s later"
NOTHING_BEGAN = "Nothing began from {start} to {end}: the envelope reached {ratio:.1f} times the resting level; {why}"
TOO_WEAK = "more than {needed:.1f} times is needed"
TOO_BRIEF = "it was never above {needed:.1f} times in {persist} of {of} frames"
HUM = "mains interference held the threshold above it"
NOT_WATCHED = "Not watched: {cause} from {start} to {end}"
NOT_JUDGED = "{channel} was not judged: {cause} from {start} to {end}"
CAUSE_WORDS = {CAUSES[Quality.LEARNING]: "the resting level was still being learned"}
"""Where the cause reads better as a clause."""

# The conditions
DURATION = "It lasts"
RISE = "It begins suddenly"
ABOVE_EARLIER_REST = "It is above any resting level of the last hour"
JUMP = "The electrode did not jump as it began"
TONICITY = "It is tonic: 10th over 50th percentile of the last 6 s"
STEADINESS = "It is steady (no accelerometer): 10th over 90th percentile"
LYING = "The shank is not upright"
LEG = "The leg is still, or the muscle leads its motion"
PAUSE = "It does not pause"
SIGNAL_LOST = "The signal is not lost"
PERSISTENCE = "The envelope rises above the threshold"
BEGAN_WITH_A_JERK = "as the leg moved while it began"
STILL_BEFORE = "as the leg had been still before"
MOVED_BEFORE = "as the leg had moved shortly before"
MOTION_BEFORE_UNKNOWN = "as nothing shows that the leg was still before"
SECONDS = "{s:.1f} s"
NEEDED_S = "{s:.0f} s, {why}"
AT_MOST_S = "{s:g} s at most"
LESS_THAN_S = "less than {s:g} s"
NEVER_QUIET = "no quiet moment in the half minute before"
TIMES_REST = "{ratio:.1f} times the resting level"
MORE_THAN_TIMES = "more than {ratio:.1f} times"
TIMES_ITS_RMS = "spread {ratio:.0f} times its RMS"
AT_MOST_TIMES = "{ratio:.0f} times at most"
NO_EARLIER_REST = "anything, in the first minute"
PERSISTS = "more than {ratio:.1f} times in {persist} of {of} frames"
RATIO = "{ratio:.2f}"
AT_LEAST_RATIO = "{ratio:g} or more"
MOVING = "in motion {share:.0f} % of the time (above {threshold:.0f} mg){order}"
LED = ", the muscle led"
DID_NOT_LEAD = ", the muscle did not lead"
MOVING_AT_MOST = "{share:.0f} % at most, or the muscle leads"
HIGHEST = "{ratio:.1f} times the resting level at {time}"
NOT_KNOWN = "not known"

# The page
TITLE = "Explanation"
ASKED = "{recording}, {channel}. Asked about {moment}; shown from {start} to {end}."
DECIDED_ON = "The contraction was judged on {channel}."
CONDITIONS = "What decided"
AT_THE_ALERT = "As it stood at the alert, {after:.1f} s after onset."
AT_THE_REJECTION = "As it stood when it was turned down, {after:.1f} s after onset."
OF_THE_PICTURE = "The largest envelope of the time shown that could be judged."
CONDITION_LINE = "{name}: {measured} (needed: {needed})"
CONDITION, MEASURED, NEEDED, HOLDS = "Condition", "Measured", "Needed", "Holds"
ANSWERS: dict[bool | None, str] = {True: "yes", False: "no", None: "not asked"}
OTHERS = "Other contractions in the picture"
OTHER_CONFIRMED = "{time}, {duration:.1f} s, {channel}: confirmed, {reason}"
OTHER_REJECTED = "{time}, {duration:.1f} s, {channel}: rejected, {reason}"
UNWATCHED = "Not judged in the picture"
UNWATCHED_ITEM = "{start} to {end}: {cause}"
RECORD = "In the record"
RECORD_INTRO = "The figures of the contraction at its end, as crampwatch score writes them."
VERSION = "Detector version {version}, parameters {hash}."
BANNER = "Not a medical device, not a diagnosis. It may miss cramps and may alarm wrongly."

# The picture
DESCRIPTION = "Muscle signal, envelope with thresholds, and leg motion. {headline}."
ROW_ASKED, ROW_ONSET, ROW_SUSPECTED = "asked about", "onset", "suspected"
ROW_CONFIRMED, ROW_REJECTED, ROW_END, ROW_OTHERS = "confirmed", "rejected", "end", "others"
ROW_CAUSES = {
    CAUSES[Quality.MISSING]: "no data",
    CAUSES[Quality.CLIPPED]: "clipped",
    CAUSES[Quality.FLAT]: "flat",
    CAUSES[Quality.MAINS]: "mains",
    CAUSES[Quality.LEARNING]: "learning",
}
"""Short enough to stand beside a row."""
PANEL_EMG = "Samples, {channel} ({unit})"
PANEL_ENVELOPE = "RMS envelope ({unit}, logarithmic)"
PANEL_MOTION = "Leg motion (mg, logarithmic)"
CAPTION = (
    "Samples: pale as recorded, without their offset; strong from {low:g} to {high:g} Hz, which is what is judged. "
    "Envelope: solid line, with the resting level (thin), the threshold for a suspicion (dashed) and for release "
    "(dotted). "
    "Shaded: the contraction. Hatched: not judged."
)
CAPTION_MOTION = " Motion: always motion above the dashed line, in this contraction above the dotted one."
CAPTION_STILL = " Motion: always motion above the dashed line."
CAPTION_NO_MOTION = " Leg motion was not recorded."
