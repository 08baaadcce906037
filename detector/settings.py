"""The parameters of the detection rule: few, physical, each with its reason.

The reasons are told at length, with their evidence, in docs/explanation/detector.md.
"""

import hashlib
from typing import Annotated, Literal

import msgspec

from detector.version import VERSION

Positive = Annotated[float, msgspec.Meta(gt=0)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Ratio = Annotated[float, msgspec.Meta(ge=1)]


class DetectorSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every number the rule uses. Times in seconds, levels in microvolts or as a ratio to the resting level."""

    # Conditioning. Below 30 Hz lie motion artefacts and the heart, above 200 Hz little of a surface EMG.
    band_low_hz: Positive = 30.0
    band_high_hz: Positive = 200.0
    # The envelope: 250 ms keeps the RMS of stationary noise within 7.5 % and still follows a twitch.
    window_s: Positive = 0.25
    # How much of the mains' RMS may survive its removal: a line 0.45 Hz off nominal leaves a fifth in a 250 ms window.
    mains_leak: Share = 0.2
    # Beyond this the mains, then 35 uV RMS, would raise the threshold so far that cramps of ordinary strength are
    # missed: 10 uV is a weak cramp under a good electrode. Where the unit is unknown, a multiple of it has to do.
    mains_limit_uv: Positive = 7.0
    mains_limit_ratio: Ratio = 6.0

    # Onset: cramps during sleep were 2 to 6 times rest (Chaney and Sherman), noise alone stays below 1.35 for hours.
    on_ratio: Ratio = 2.2
    on_margin_uv: Positive = 1.0
    off_ratio: Ratio = 1.5
    off_margin_uv: Positive = 0.5
    # Up to here the muscle counts as quiet: noise, whose RMS over 250 ms varies by 7.5 %, stays below it for 99.6 % of
    # the time. Onset and end are where a contraction leaves it and comes back to it.
    quiet_ratio: Ratio = 1.2
    # Suddenness: simulated cramps that recruit slowly and weakly take up to 8 s from there to the threshold, a drifting
    # floor takes minutes.
    rise_limit_s: Positive = 10.0
    # An electrode that comes loose jumps by hundreds of times the RMS that follows; as contractions began, the raw
    # signal spread over 18 times their RMS at most in simulations, and mostly less than 120 times in real recordings
    # with moving cables. After a greater jump the strength may be the new floor's.
    jump_ratio: Ratio = 150.0
    # Tonicity: movements pause and ripple (10th over 50th percentile 0.1 to 0.5), cramps do not (0.56 at the least).
    dip_limit_s: Positive = 0.2
    tonicity_window_s: Positive = 6.0
    tonicity_min: Share = 0.55
    # Where the leg's motion is unknown, a long voluntary effort must be told by its changes of strength alone.
    steadiness_min: Share = 0.35
    # Motion: in a movement the leg moves with the muscle; a cramp either moves nothing or leads the first motion. A
    # movement is told by its swell above the contraction's own quiet motion (its 20th percentile: the sensor's noise, a
    # cramp's tremor). In simulated cramps of sleepers the 90th percentile lies at most 6 mg above the 20th, in 95 % of
    # the movements of both generators 12 mg and more. From 22 mg on it is a movement in any case.
    swell_mg: Positive = 7.0
    moving_mg: Positive = 22.0
    # A cramp tilts the shank by a few degrees within a second or two, which swells by 8 mg at most; a jerk is more.
    start_mg: Positive = 10.0
    moving_from_s: Positive = 1.5
    moving_fraction_max: Share = 0.10
    lead_s: Positive = 3.0
    # Waking moves the leg far more than the cramp did before; a movement only swells.
    lead_contrast: Ratio = 2.4
    # How long a contraction must have lasted: stretches and movements of a sleeper end before 12 s; someone who moved a
    # moment ago may be awake and holding a posture; a leg that moved as the contraction began very likely
    # belongs to someone who wanted it to, and voluntary holds end before 25 s.
    confirm_asleep_s: Positive = 12.0
    confirm_awake_s: Positive = 18.0
    confirm_moved_s: Positive = 25.0
    asleep_still_s: Positive = 8.0
    # A shank within 30 degrees of the vertical for 10 s belongs to someone standing. Needs the axis along the shank.
    shank_axis: Literal["x", "y", "z"] | None = None
    upright_deg: Positive = 30.0
    upright_s: Positive = 10.0

    # Frames that cannot be judged pause the rule; after this long the contraction is given up.
    invalid_limit_s: Positive = 2.0
    clipped_share: Share = 0.01
    flat_s: Positive = 1.0
    flat_ratio: Share = 0.3
    # An event ends when the muscle has not been active for this long; what begins earlier is the same event. Active
    # means that this share of the last two seconds was above quiet, and above a quarter of the contraction's own level
    # of late: the movements of someone who has woken pause and are weaker, and so are twitches and heartbeats.
    event_gap_s: Positive = 5.0
    active_s: Positive = 2.0
    active_share: Share = 0.9
    fade_ratio: Share = 0.25

    # The resting level: a median over two minutes of quiet seconds. It may rise 2 % a second and fall 10 %.
    rest_window_s: Positive = 120.0
    rest_rise_per_s: Share = 0.02
    rest_fall_per_s: Share = 0.10
    rest_learn_s: Positive = 5.0
    rest_hold_s: Positive = 5.0
    # Activity without a sudden start, or at an earlier resting level, is a new floor after 1 min. No cramp lasts ten,
    # so what does is a new floor, too.
    relearn_unsudden_s: Positive = 60.0
    relearn_s: Positive = 600.0

    # How far the accelerometer's data may lag behind the EMG's before the rule goes on without it.
    lag_s: Positive = 5.0

    @property
    def parameters(self) -> dict[str, object]:
        """The parameters by name, for the record."""
        return dict(msgspec.structs.asdict(self))

    @property
    def hash(self) -> str:
        """Twelve hexadecimal digits that change with any parameter or the rule's version."""
        text = msgspec.json.encode({"version": VERSION, **self.parameters}, order="sorted")
        return hashlib.sha256(text).hexdigest()[:12]
