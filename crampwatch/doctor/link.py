"""Whether a connection carries what the wearable sends: its MTU, its connection interval, its rates."""

from collections.abc import Sequence

import numpy as np

from collector.contract.messages import StreamKind
from collector.devices.profile import Profile, Stream
from crampwatch.doctor.finding import Finding
from crampwatch.radio.tally import Tally
from crampwatch.words import counted

STEP_S = 1.25e-3
"""Connection intervals are multiples of this: Bluetooth Core Specification, volume 6, part B, 4.5.1."""
SHORTEST_S, LONGEST_S = 7.5e-3, 0.5
"""From the shortest there is up to where every wearable here would be far behind; the specification has up to 4 s."""
COHERENT = 0.7
"""Length of the mean phasor. Delays of D-Bus and scheduler of 2 ms (measured: p99 1.4 to 1.7 ms) cost 8 % at 30 ms;
packets that come at any time have 1 / sqrt(packets)."""
LEAST_PACKETS = 30
"""With fewer, chance alone reaches a phasor of 0.5 at one of the 400 candidates."""
LEAST_S = 2.0
"""Four of the longest steps."""
PACKETS_PER_INTERVAL = 4
"""What phones and common controllers send in one connection event is 4 to 6: more have to wait, and get lost."""
FEW = 0.95
"""Of the samples expected: a converter's own clock is right to 2 % or better."""


def arrival_step_s(arrivals_s: Sequence[float]) -> float | None:
    """The longest step that all arrivals keep, in seconds: the connection interval, or where fewer packets come than
    intervals pass, a multiple of it. None where they keep none.

    The packets of one connection arrive like the teeth of a comb. For each candidate step T the mean of
    exp(2 pi i t / T) has length 1 where all arrivals t are at multiples of T (Rayleigh's test of a period).
    """
    if len(arrivals_s) < LEAST_PACKETS or np.ptp(arrivals_s) < LEAST_S:
        return None
    candidates = np.arange(round(SHORTEST_S / STEP_S), round(LONGEST_S / STEP_S) + 1) * STEP_S
    phases = np.outer(1 / candidates, np.asarray(arrivals_s))
    coherence = np.abs(np.exp(2j * np.pi * phases).mean(axis=1))
    kept = np.flatnonzero(coherence >= COHERENT)
    if not len(kept):
        return None
    # Long candidates side by side are hardly told apart; the next true one below is half as long.
    side_by_side = kept[candidates[kept] > 0.8 * candidates[kept[-1]]]
    return float(candidates[side_by_side[np.argmax(coherence[side_by_side])]])


def mtu(profile: Profile, link_mtu: int | None) -> Finding:
    """Whether whole packets fit."""
    needed = profile.device.min_mtu
    if link_mtu is None:
        return Finding("MTU", "not asked", "this system does not tell it; BlueZ does from 5.62 on")
    if link_mtu < needed:
        says = f"too small: packets need {needed} bytes, the link has {link_mtu}, so they arrive cut"
        return Finding("MTU", "problem", says, "use another Bluetooth adapter, or firmware that sends smaller packets")
    return Finding("MTU", "ok", f"{link_mtu} bytes, {needed} are needed")


def interval(arrivals_s: Sequence[float]) -> Finding:
    """Whether the connection interval is short enough for the packets that come, by the times at which they come."""
    step_s = arrival_step_s(arrivals_s)
    if step_s is None:
        return Finding("interval", "not asked", "cannot be told: the packets are few, or come without a common step")
    at_once = len(arrivals_s) / ((max(arrivals_s) - min(arrivals_s)) / step_s + 1)
    says = f"packets come every {1e3 * step_s:.4g} ms, {at_once:.1f} at a time"
    if round(at_once, 1) <= PACKETS_PER_INTERVAL:  # as it is told
        return Finding("interval", "ok", says)
    cure = "lower MinConnectionInterval and MaxConnectionInterval under [LE] in /etc/bluetooth/main.conf, to 12 (15 ms)"
    return Finding("interval", "warning", f"connection interval too long for the rate: {says}", cure)


def streams(profile: Profile, tally: Tally, seconds: float) -> list[Finding]:
    """Whether every stream comes, at its rate, and can be read."""
    return [_stream(stream, tally, seconds) for stream in profile.stream if stream.poll_s is None]


def _stream(stream: Stream, tally: Tally, seconds: float) -> Finding:
    area = f"stream {stream.kind}"
    carriers = [it for char in stream.characteristics if (it := tally.characteristics.get(char))]
    count = sum(it.samples[stream.kind] for it in carriers)
    if refused := sum(it.refused.total() for it in carriers):
        cure = "see them with `crampwatch devices sniff`; does the profile fit this firmware?"
        return Finding(area, "problem", f"{counted(refused, 'packet')} cannot be read", cure)
    share = count / (stream.rate_hz * seconds)
    if not count and stream.rate_hz * seconds >= 2:
        return Finding(area, "problem", "nothing comes", "switch the wearable off and on; look at its electrodes")
    lost = _lost(tally, stream.kind)
    says = f"{counted(count, 'sample')} in {seconds:.0f} s, {lost} lost"
    if lost or (share < FEW and stream.rate_hz * seconds * (1 - FEW) >= 1):
        return Finding(area, "warning", f"{says}, {100 * share:.0f} % of its rate", "bring wearable and adapter nearer")
    return Finding(area, "ok", says)


def _lost(tally: Tally, kind: StreamKind) -> int:
    return sum(gap.missing for gap in tally.gaps if gap.stream == kind)
