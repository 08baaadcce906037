"""Hand-made frames and events, for tests of what is filed and told rather than of what is detected."""

import numpy as np

from collector.contract.messages import NS
from collector.contract.topics import Place
from detector.batch import SessionInfo
from detector.events import Event, Figures, Stage, event_id
from detector.frames import Frames, Quality
from tests.support.blocks import START_NS

PLACE = Place("w1", "left_calf")
SESSION = "2026-11-19_w1_left_calf_3f2a"
CHANNEL = "gastrocnemius"
INFO = SessionInfo(
    wearer=PLACE.wearer,
    site=PLACE.site,
    session=SESSION,
    streams=("emg", "acc", "temp"),
    detector_version="1",
    parameters={"on_ratio": 2.2, "shank_axis": "x"},
    parameters_hash="0123456789ab",
)
FIGURES = Figures(
    rise_s=0.2,
    longest_dip_s=0.0,
    low_fraction=0.0,
    tonicity=0.9,
    moving_fraction=0.0,
    lead_s=None,
    still_before_s=3600.0,
    upright=False,
    invalid_s=0.0,
    line_ratio=0.0,
)


def frames(
    start_s: float, stop_s: float, *, channels: tuple[str, ...] = (CHANNEL,), quality: Quality = Quality.GOOD
) -> Frames:
    """Ten frames a second from `start_s` to `stop_s` of the session; the envelope counts the frames."""
    k = np.arange(round(start_s * 10) + 1, round(stop_s * 10) + 1)
    shape = (len(k), len(channels))
    return Frames(
        channels=channels,
        step_s=0.1,
        t_ns=START_NS + k * (NS // 10) - 1,
        envelope_uv=np.broadcast_to(k[:, None], shape).astype(float),
        rest_uv=np.full(shape, 2.0),
        threshold_uv=np.full(shape, 5.0),
        quality=np.full(shape, quality, np.uint8),
        motion_mg=(k % 10).astype(np.float64),
        gravity_mg=np.tile([0.0, 0.0, 1000.0], (len(k), 1)),
    )


def event(onset_s: float, stage: Stage = "confirmed", *, end_s: float | None = None, confirm_s: float = 12.0) -> Event:
    """A contraction that began `onset_s` into the session."""
    alerted = stage in ("confirmed", "ended")
    return Event(
        id=event_id(PLACE, SESSION, CHANNEL, round(onset_s * 1000)),
        wearer=PLACE.wearer,
        site=PLACE.site,
        session=SESSION,
        stage=stage,
        channel=CHANNEL,
        onset_index=round(onset_s * 1000),
        onset_ns=START_NS + round(onset_s * NS),
        suspected_ns=START_NS + round((onset_s + 0.5) * NS),
        alerted_ns=START_NS + round((onset_s + confirm_s) * NS) if alerted else None,
        end_ns=None if end_s is None else START_NS + round(end_s * NS),
        rest_uv=2.0,
        threshold_uv=5.0,
        peak_uv=80.0,
        mean_uv=60.0,
        figures=FIGURES,
        reason="sudden, tonic and still",
        detector_version="1",
        parameters_hash="0123456789ab",
    )
