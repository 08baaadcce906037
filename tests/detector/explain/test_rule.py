"""The conditions that are told are those of the rule: they hold exactly when it has nothing to object."""

from typing import ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detector import channel
from detector.contraction import Contraction
from detector.explain import texts
from detector.explain.rule import ExplainedRule
from detector.settings import DetectorSettings
from tests.support.signals import Leg, Outcome, detect, recording

ENDING = (texts.PAUSE, texts.SIGNAL_LOST)
"""These end a contraction; they are no objection to it."""
OBJECTIONS = {
    texts.DURATION: "lasted",
    texts.RISE: "did not begin suddenly",
    texts.ABOVE_EARLIER_REST: "only came back to a resting level",
    texts.JUMP: "began with a jump",
    texts.TONICITY: "came in bursts",
    texts.STEADINESS: "changed its strength too much",
    texts.LYING: "the shank was upright",
    texts.LEG: "the leg moved with the muscle",
}
"""How the rule's own sentence begins when the condition is the first that does not hold."""
UPRIGHT_MG = 800.0


class CheckedRule(ExplainedRule):
    """Compares conditions and objection after every frame."""

    said: ClassVar[set[str | None]] = set()

    def objection(self, c: Contraction) -> str | None:
        objection = super().objection(c)
        failing = [x.name for x in self.conditions(c) if x.holds is False and x.name not in ENDING]
        first = OBJECTIONS[failing[0]] if failing else None
        assert (objection is None) == (first is None), (objection, failing)
        assert objection is None or objection.startswith(str(first)), (objection, failing)
        self.said.add(first)
        return objection


def judge(leg: Leg, parameters: DetectorSettings | None = None, **kwargs: object) -> Outcome:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(channel, "ContractionRule", CheckedRule)
        return detect(recording(leg, **kwargs), parameters)  # type: ignore[arg-type]  # passed on as they are


def test_every_objection_of_the_rule_is_a_condition_that_does_not_hold() -> None:
    CheckedRule.said = set()
    sudden = Leg(140, fs=250.0).contract(60, 100, 20)
    judge(sudden)
    judge(Leg(140, fs=250.0).contract(60, 100, 20).move(60, 100))
    judge(Leg(140, fs=250.0).contract(60, 100, 20).contract(75, 100, 200), accelerometer=False)
    bursts = Leg(140, fs=250.0)
    for k in range(40):
        bursts.contract(60 + k, 60.4 + k, 40).contract(60 + k, 61 + k, 5)
    judge(bursts)
    standing = Leg(140, fs=250.0).contract(60, 100, 20)
    standing.acc_mg[2000:] += (UPRIGHT_MG, 0.0, -UPRIGHT_MG)
    judge(standing, DetectorSettings(shank_axis="x"))
    judge(sudden, DetectorSettings(rise_limit_s=0.05))  # shorter than a frame: nothing is as sudden
    moved_electrode = Leg(400, fs=250.0, rest_uv=6.0)
    moved_electrode.emg_uv[:, 130 * 250 : 340 * 250] /= 3.0
    judge(moved_electrode)
    loosened = Leg(140, fs=250.0)
    loosened.emg_uv[:, 60 * 250 :] = 3 * loosened.emg_uv[:, 60 * 250 :] + 2000
    judge(loosened)
    assert CheckedRule.said == {None, *OBJECTIONS.values()}


@given(
    uv=st.floats(3, 60),
    duration_s=st.floats(0.5, 35),
    motion=st.tuples(st.floats(40, 75), st.floats(0.5, 30), st.floats(5, 300)),
    pause=st.tuples(st.floats(50, 80), st.floats(0.0, 1.0)),
    accelerometer=st.booleans(),
    seed=st.integers(0, 99),
)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_conditions_hold_exactly_when_the_rule_has_nothing_to_object(
    uv: float,
    duration_s: float,
    motion: tuple[float, float, float],
    pause: tuple[float, float],
    accelerometer: bool,
    seed: int,
) -> None:
    leg = Leg(110, fs=250.0, seed=seed).contract(50, 50 + duration_s, uv)
    leg.move(motion[0], motion[0] + motion[1], motion[2])
    leg.emg_uv[:, round(pause[0] * 250) : round((pause[0] + pause[1]) * 250)] /= 10
    judge(leg, accelerometer=accelerometer)
