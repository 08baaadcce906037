"""How much a run measures: everything, or a smoke test of the same parts."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Plan(NamedTuple):
    """Numbers of wearers and lengths.

    `live_s` says for how many seconds each number of wearers is watched in real time, after `warm_up_s`. Beyond the
    last one the number is doubled, `rung_s` each, up to `most_wearers` or until alerts come late. The backlog is
    `backlog_h` of `backlog_wearers`. `commit_wearers` are watched for `commit_s` without a broker. Alerts are followed
    to a phone for `alert_s`, of `alert_wearers`.
    """

    warm_up_s: float
    live_s: Mapping[int, float]
    rung_s: float
    most_wearers: int
    backlog_wearers: int
    backlog_h: float
    commit_wearers: Sequence[int]
    commit_s: int
    alert_wearers: int
    alert_s: float


def full() -> Plan:
    """What the page is made of."""
    return Plan(
        # A round of rest, then half of the legs have cramped once.
        warm_up_s=45,
        # The target is held against 20 wearers: 100 alerts, so that one is beyond the 99th percentile.
        live_s={1: 40, 5: 40, 20: 240, 50: 40, 100: 60},
        rung_s=45,
        most_wearers=100,
        backlog_wearers=20,
        backlog_h=0.25,
        commit_wearers=(1, 20, 100),
        commit_s=60,
        alert_wearers=20,
        alert_s=240,
    )


def quick() -> Plan:
    """A minute through everything: shows that the parts fit, and nothing else."""
    return Plan(
        warm_up_s=32,
        live_s={2: 30},
        rung_s=30,
        most_wearers=2,
        backlog_wearers=2,
        backlog_h=1 / 60,
        commit_wearers=(1, 2),
        commit_s=30,
        alert_wearers=2,
        alert_s=30,
    )
