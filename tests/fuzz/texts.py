"""What people and other programs write: settings, device profiles, truth files and events.json."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from collector.contract.errors import ContractError
from collector.devices.decoder import Decoder
from collector.devices.profile import load_profile, shipped_profiles
from collector.simulator.truth import CrampTruth, Interval, Truth
from crampwatch.config import Config, dump, load
from crampwatch.errors import UserError
from detector.evaluate import evaluate
from detector.score import Score, decode_score, encode_score, score_recording
from detector.settings import DetectorSettings
from detector.truth_file import read_truth
from tests.fuzz.mutation import STRANGE_JSON, Mutator, as_json
from tests.fuzz.target import ACCEPTED

RECORDING = "weak_tonic_100s.edf"
SETTINGS = b"""
timezone = "Europe/Berlin"
data_directory = "nights"
keep_nights = 3

[broker]
host = "broker.home"
port = 8883
username = "crampwatch"
password_file = "secret"

[[sensor]]
wearer = "w1"
site = "left_calf"
profile = "cramp-node"
streams = ["emg", "acc"]

[[sensor.companion]]
profile = "movesense"
address = "00:11:22:33:44:55"

[detection]
commit_every_s = 10
clock = "samples"

[detector]
on_ratio = 2.5
shank_axis = "x"

[influx]
url = "http://127.0.0.1:8086"
token_file = "token"
"""
CSV = b"onset_s,duration_s,kind\n100,60,Cramp\n10,5,stretch\n20,1.5,pop\n70.5,1e1,asleep\n"


class SettingsTrial:
    """Reads the settings; what is accepted can be asked for everything and written again."""

    refusals: tuple[type[Exception], ...] = (UserError,)
    valid: tuple[bytes, ...] = (SETTINGS,)

    def __init__(self, folder: Path) -> None:
        self._path = folder / "damaged.toml"

    def make(self, rng: random.Random) -> bytes:
        return _damaged_toml(rng, rng.choice(self.valid))

    def put(self, data: bytes) -> str:
        self._path.write_bytes(data)
        config = load(self._path)
        assert config.zone.key == config.timezone
        assert isinstance(config.store, Path)
        assert msgspec.toml.decode(dump(config), type=Config) == config
        return ACCEPTED


class ProfileTrial(SettingsTrial):
    """Reads a device profile; what is accepted decodes packets or refuses them."""

    refusals = (ContractError,)
    valid = tuple((resources.files("collector.devices") / f"{name}.toml").read_bytes() for name in shipped_profiles())

    def put(self, data: bytes) -> str:
        self._path.write_bytes(data)
        profile = load_profile(str(self._path))
        decoder = Decoder(profile.stream)
        for stream in profile.stream:
            assert stream.dtype in ("<i2", "<i4")
            assert stream.channels
            for packet in (b"", bytes(20), b"\xff" * 244):
                try:
                    decoder.decode(stream.char, packet)
                except ContractError:
                    continue
        return ACCEPTED


class TruthTrial:
    """Reads a simulator's or a scorer's truth, or an events.json, and compares it with a valid other one."""

    refusals = (ContractError,)

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def make(self, rng: random.Random) -> bytes:
        name, valid = rng.choice((("t.json", _truth()), ("t.csv", CSV), ("events.json", encode_score(_score()))))
        mutator = Mutator(rng)
        if name != "t.csv" and rng.random() < 0.7:
            changed = as_json(mutator.changed(msgspec.json.decode(valid), STRANGE_JSON))
        else:
            changed = mutator.damaged(valid)
        return name.encode() + b"\n" + changed

    def put(self, data: bytes) -> str:
        name, _, content = data.partition(b"\n")
        path = self._folder / name.decode()
        path.write_bytes(content)
        if path.name == "events.json":
            score = decode_score(content, path.name)
            truth = read_truth(self._valid_truth(), RECORDING)
        else:
            score, truth = _score(), read_truth(path, RECORDING)
        msgspec.json.encode(evaluate([(score, truth)]))
        return ACCEPTED

    def _valid_truth(self) -> Path:
        path = self._folder / "valid.json"
        if not path.exists():
            path.write_bytes(_truth())
        return path


def _damaged_toml(rng: random.Random, valid: bytes) -> bytes:
    mutator = Mutator(rng)
    if rng.random() < 0.4:
        return mutator.damaged(valid)
    changed = _writable(mutator.changed(msgspec.toml.decode(valid)))
    try:
        return msgspec.toml.encode(changed)
    except (TypeError, ValueError, AttributeError):  # not everything has a way of being written as TOML
        return mutator.damaged(valid)


def _writable(tree: Any) -> Any:
    """The tree without what TOML has no word for."""
    match tree:
        case dict():
            return {str(key): _writable(value) for key, value in tree.items() if value is not None}
        case list():
            return [_writable(value) for value in tree if value is not None]
        case bytes():
            return repr(tree)
    return tree


@cache
def _truth() -> bytes:
    truth = Truth(
        cramps=(CrampTruth(20.0, 60.0, 40.0, "asleep", 12.0, 5.0, "stretch"),),
        confounders=(Interval("stretch", 5.0, 9.0), Interval("walk", 70.0, 90.0)),
        artefacts=(Interval("pop", 65.0, 65.5),),
    )
    return msgspec.json.encode({"schema": 1, "recording": RECORDING, **msgspec.to_builtins(truth)})


@cache
def _score() -> Score:
    from collector.contract.recordings import open_recording

    recording = open_recording(Path(__file__).parents[1] / "recordings" / RECORDING)
    return score_recording(recording, DetectorSettings())


@contextmanager
def settings(folder: Path) -> Iterator[SettingsTrial]:
    yield SettingsTrial(folder)


@contextmanager
def profiles(folder: Path) -> Iterator[ProfileTrial]:
    yield ProfileTrial(folder)


@contextmanager
def truths(folder: Path) -> Iterator[TruthTrial]:
    yield TruthTrial(folder)
