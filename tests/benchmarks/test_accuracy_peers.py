"""The published methods, and the processes that they run in."""

import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy import peers
from benchmarks.accuracy.peers import PUBLISHED, Activity, Peer, ask

ANY = Peer("any", "any method", (1.0, 2.0))


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A script that stands in for the worker, run by this Python."""
    monkeypatch.setattr(peers, "PYTHON", Path(sys.executable))
    monkeypatch.setattr(peers, "WORKER", tmp_path / "worker.py")
    return tmp_path / "worker.py"


def test_a_worker_is_asked_with_all_thresholds_and_answers_each(worker: Path) -> None:
    worker.write_text(
        "import json, sys\n"
        "assert sys.argv[2] == 'any'\n"
        "print(json.dumps([{'intervals': [[float(t), 9]], 'cpu_s': 0.5} for t in sys.argv[3:]]))\n"
    )
    assert ask(ANY, Path("night.npz")) == [Activity(1.0, [(1.0, 9.0)], 0.5), Activity(2.0, [(2.0, 9.0)], 0.5)]


def test_a_worker_that_takes_too_long_is_stopped_and_missing(worker: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "LONGEST_S", 0.3)
    worker.write_text("import time\ntime.sleep(60)\n")
    assert ask(ANY, Path("night.npz")) is None


def test_a_worker_that_fails_tells_why(worker: Path) -> None:
    worker.write_text("raise ValueError('no such wavelet')\n")
    with pytest.raises(RuntimeError, match="no such wavelet"):
        ask(ANY, Path("night.npz"))


@pytest.mark.slow
@pytest.mark.skipif(not peers.PYTHON.is_file(), reason="the published methods are installed by `make accuracy`")
@pytest.mark.parametrize("peer", PUBLISHED, ids=lambda peer: peer.title)
def test_every_published_method_sees_a_plain_contraction(peer: Peer, tmp_path: Path) -> None:
    fs, envelope_fs = 250.0, 4.0
    strength = np.ones(round(300 * envelope_fs))
    strength[round(100 * envelope_fs) : round(130 * envelope_fs)] = 10
    noise = np.random.default_rng(1).standard_normal(round(300 * fs))
    emg = noise * strength[(np.arange(len(noise)) * envelope_fs / fs).astype(int)]
    wavering = strength * (1 + 0.07 * np.random.default_rng(2).standard_normal(len(strength)))
    np.savez(tmp_path / "night.npz", emg=emg, emg_fs=fs, envelope=wavering, envelope_fs=envelope_fs)
    answers = ask(peer, tmp_path / "night.npz")
    assert answers is not None
    # In pieces, with some: pauses are bridged later.
    seen_s = [sum(max(0.0, min(end, 130) - max(onset, 100)) for onset, end in a.intervals) for a in answers]
    assert max(seen_s) == pytest.approx(30, abs=3)
