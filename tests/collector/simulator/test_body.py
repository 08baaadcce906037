import numpy as np
import pytest

from collector.simulator.body import Leg, skin_temperature_c
from collector.simulator.cramps import draw_cramp
from collector.simulator.movements import DRAW, Movement
from collector.simulator.subject import draw_subject

FS = 50
SUBJECT = draw_subject("healthy", np.random.default_rng(3))


def leg(*movements: Movement, minutes: float = 10, seed: int = 1) -> np.ndarray:
    """Return the acceleration (3, samples) in mg."""
    samples = round(minutes * 60 * FS)
    return Leg(SUBJECT, movements, (), fs=FS, samples=samples, rng=np.random.default_rng(seed)).acc_mg


def movement(kind: str, at_s: float) -> Movement:
    return DRAW[kind](SUBJECT, np.random.default_rng(4)).at(at_s)


def still(acc: np.ndarray, start_s: float, end_s: float) -> np.ndarray:
    """Return the mean vector of a stretch in mg."""
    return np.asarray(acc[:, int(start_s * FS) : int(end_s * FS)].mean(axis=1))


@pytest.mark.parametrize("seed", range(5))
def test_a_leg_at_rest_lies_in_one_g_with_little_along_the_shank(seed: int) -> None:
    acc = leg(seed=seed)
    assert np.linalg.norm(still(acc, 0, 600)) == pytest.approx(1000, abs=5)
    assert abs(still(acc, 0, 600)[0]) < 500  # no more than 30 degrees of pitch
    assert acc.std(axis=1).max() < 6  # noise of 1-4 mg and breath of 1-3 mg


def test_nobody_lies_on_the_calf_and_walks_upright() -> None:
    walk = movement("walk", 60)
    acc = leg(walk)
    middle_s = (walk.onset_s + walk.end_s) / 2
    assert still(acc, middle_s - 10, middle_s + 10)[0] > 900
    assert abs(still(acc, walk.end_s + 5, walk.end_s + 30)[0]) < 500


def test_postures_come_as_often_as_measured() -> None:
    """54 % on the side, 38 % on the back, 7 % prone; within 45 degrees of each."""
    vectors = np.array([still(leg(seed=seed, minutes=0.1), 0, 6) for seed in range(300)])
    sideways = np.abs(vectors[:, 1]) > np.abs(vectors[:, 2])
    assert np.mean(sideways) == pytest.approx(0.54, abs=0.08)
    assert np.mean(~sideways & (vectors[:, 2] < 0)) == pytest.approx(0.38, abs=0.08)
    assert np.mean(~sideways & (vectors[:, 2] > 0)) == pytest.approx(0.07, abs=0.05)


def test_a_large_movement_with_a_tilt_leaves_the_leg_turned_by_that_angle() -> None:
    rng = np.random.default_rng(5)
    turned = next(m for m in iter(lambda: DRAW["lmm"](SUBJECT, rng), None) if m.tilt_deg > 30).at(100)
    acc = leg(turned)
    before, after = still(acc, 60, 95), still(acc, turned.end_s + 5, turned.end_s + 40)
    angle = np.degrees(np.arccos(before @ after / np.linalg.norm(before) / np.linalg.norm(after)))
    assert angle == pytest.approx(turned.tilt_deg, rel=0.2)  # a pitched shank turns by a little less


def test_a_movement_shakes_the_leg_with_the_rms_it_states() -> None:
    shaken = Movement(kind="leg_movement", onset_s=100, level=np.zeros(3000), motion_mg=np.full(3000, 120.0))
    acc = leg(shaken)[:, 100 * FS : 160 * FS]
    dynamic = acc - acc.mean(axis=1, keepdims=True)
    assert np.sqrt(np.square(dynamic).sum(axis=0).mean()) == pytest.approx(120, rel=0.15)


def test_a_sleeper_with_a_cramp_trembles_but_lies_still_until_waking() -> None:
    rng = np.random.default_rng(6)
    cramp = next(c for c in iter(lambda: draw_cramp(rng, weak=False), None) if c.kind == "asleep" and c.duration_s > 60)
    samples = 600 * FS
    shank = Leg(SUBJECT, (), (cramp.at(100),), fs=FS, samples=samples, rng=np.random.default_rng(1))
    asleep = shank.acc_mg[:, 106 * FS : int((100 + cramp.wake_s) * FS)]
    assert (asleep - asleep.mean(axis=1, keepdims=True)).std(axis=1).max() < 20
    awake = shank.acc_mg[:, int((100 + cramp.wake_s) * FS) : int((120 + cramp.wake_s) * FS)]
    assert awake.std(axis=1).max() > 30
    tilt_mg = np.linalg.norm(still(shank.acc_mg, 106, 120) - still(shank.acc_mg, 60, 95))
    assert 1000 * np.radians(0.7) < tilt_mg < 1000 * np.radians(5.3)  # 1-5 degrees


@pytest.mark.parametrize("seed", range(10))
def test_skin_warms_from_the_room_to_31_to_34_5_degrees(seed: int) -> None:
    rng = np.random.default_rng(seed)
    subject = draw_subject("healthy", rng)
    skin_c = skin_temperature_c(subject, 0.2, 8 * 720, rng)
    assert skin_c[:5].mean() == pytest.approx(subject.ambient_c, abs=0.5)
    assert 30.5 <= np.percentile(skin_c, 95) <= 35  # with a sensor error of 0.3
    assert skin_c[720 * 2 :].min() > 31 - 2 * 4 - 0.5  # uncovered: up to 4 degrees, seldom twice at once
