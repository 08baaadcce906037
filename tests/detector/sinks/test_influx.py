"""The outbox and a real InfluxDB 1.6.7, by the real client: down, failing, slow, choosy, killed, new and empty."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from detector.diary.diary import Diary
from detector.sinks.delivery import Refused, Unavailable
from detector.sinks.influx import InfluxSink, line
from detector.sinks.influx_schema import ALARM, CRAMP, EVENING, FELT, MEASUREMENTS, PREFLIGHT, Point
from detector.sinks.night_feed import NightFeed
from detector.sinks.outbox import Outbox, Source, backfill, opened, retry
from detector.sinks.outbox_state import OutboxState
from detector.sinks.settings import InfluxSettings
from detector.store import NightStore
from tests.detector.sinks.nights import UTC, at, everything, fill, tell
from tests.support.influx import READER, WRITER, Identity, InfluxServer


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with NightStore(tmp_path / "nights.sqlite") as store:
        fill(store)
    return tmp_path


@contextmanager
def outbox(path: Path, settings: InfluxSettings) -> Iterator[tuple[Outbox, OutboxState]]:
    """An outbox from the store in that folder to a bucket."""
    with (
        closing(NightFeed(path / "nights.sqlite", UTC)) as feed,
        closing(InfluxSink(settings)) as sink,
        closing(OutboxState(path / "outbox.sqlite", settings.name, feed.store_id)) as state,
    ):
        yield Outbox([Source(feed, state)], sink, settings.poll_s, random=lambda: 1.0), state


def expected(path: Path) -> dict[Identity, dict[str, object]]:
    """What a bucket has to hold."""
    with closing(NightFeed(path / "nights.sqlite", UTC)) as feed:
        return {
            (point.measurement, tuple(sorted(point.tags.items())), point.t_ns): dict(point.fields)
            for point in everything(feed)
        }


def a_point(t_ns: int = at(0), **fields: object) -> Point:
    return Point("probe", {"wearer": "w1"}, t_ns, fields)  # type: ignore[arg-type]


def test_every_point_arrives_with_its_tags_its_nanosecond_and_its_fields(
    influx: InfluxServer, bucket: str, path: Path
) -> None:
    with outbox(path, influx.settings(bucket)) as (it, _):
        it.step()
    assert influx.points(bucket) == expected(path)


def test_the_types_in_the_database_are_those_of_the_schema(influx: InfluxServer, bucket: str, path: Path) -> None:
    """Of nights and diary; each field of the diary's measurements is there."""
    settings, names = influx.settings(bucket), {float: "float", int: "integer", str: "string", bool: "boolean"}
    with Diary(path / "diary.sqlite") as diary:
        tell(diary)
    with (
        opened(path / "nights.sqlite", path / "diary.sqlite", UTC, path / "outbox.sqlite", "here") as home,
        closing(InfluxSink(settings)) as sink,
    ):
        Outbox(home.sources, sink, settings.poll_s).step()
        assert home.night_state.refused() == 0
    for measurement in MEASUREMENTS:
        (series,) = influx.query(f"SHOW FIELD KEYS FROM {measurement.name}", bucket)
        known = {name: names[field.kind] for name, field in measurement.fields.items()}
        found = set(map(tuple, series["values"]))
        assert found <= set(known.items())
        assert found == set(known.items()) or measurement not in (CRAMP, FELT, ALARM, EVENING, PREFLIGHT)


DASHBOARD = {
    "SELECT cramps FROM night_summary WHERE night = '2026-11-19'": [1],
    "SELECT count(duration_s) FROM cramp_event WHERE stage <> 'withdrawn' GROUP BY time(1d) fill(none)": [1],
    "SELECT max(envelope_max_uv) FROM emg WHERE time >= {start} AND time < {end} GROUP BY time(2m)": [1200, 2400],
    "SELECT 100 * sum(watched_s) / 240 FROM leg": [pytest.approx(100 * 230 / 240)],
    "SELECT last(battery_percent) FROM link WHERE wearer =~ /^w1$/ GROUP BY device": [87.5],
    "SELECT sum(duration_s) FROM unwatched WHERE cause <> 'withdrawn'": [10],
}


@pytest.mark.parametrize(("query", "answer"), DASHBOARD.items())
def test_whoever_may_only_read_gets_answers_to_what_a_dashboard_asks(
    influx: InfluxServer, bucket: str, path: Path, query: str, answer: list[object]
) -> None:
    with outbox(path, influx.settings(bucket)) as (it, _):
        it.step()
    (series,) = influx.query(query.format(start=at(0), end=at(240)), bucket, READER)
    assert [row[1] for row in series["values"]] == answer


def test_while_it_is_down_the_night_goes_on_and_afterwards_everything_is_there(
    influx: InfluxServer, bucket: str, path: Path
) -> None:
    with outbox(path, influx.settings(bucket)) as (it, state):
        influx.kill()
        assert [it.step(), it.step()] == [1, 2]
        trouble = state.trouble()
        assert trouble is not None
        assert trouble.reason == "502 Bad Gateway"
        with NightStore(path / "nights.sqlite") as store:
            fill(store, minutes=6)
        influx.start()
        it.step()
        assert state.trouble() is None
    assert influx.points(bucket) == expected(path)


def test_nobody_listening_is_told_in_words(influx: InfluxServer, bucket: str, path: Path) -> None:
    nowhere = InfluxSettings(url="http://127.0.0.1:1", bucket=bucket)
    with outbox(path, nowhere) as (it, state):
        assert it.step() == 1
        trouble = state.trouble()
    assert trouble is not None
    assert trouble.reason == "it cannot be reached ([Errno 111] Connection refused)"


@pytest.mark.parametrize(("status", "pause_s"), [(500, 1), (429, 7)])
def test_a_server_that_fails_or_is_busy_is_asked_again_when_it_said_or_after_a_pause(
    influx: InfluxServer, bucket: str, path: Path, status: int, pause_s: float
) -> None:
    with outbox(path, influx.settings(bucket)) as (it, state):
        influx.answer(status)
        assert it.step() == pause_s
        assert state.refused() == 0
        influx.answer(None)
        it.step()
    assert influx.points(bucket) == expected(path)


def test_a_server_that_does_not_answer_is_given_up_after_the_timeout_and_asked_again(
    influx: InfluxServer, bucket: str, path: Path
) -> None:
    with outbox(path, influx.settings(bucket, timeout_s=0.3)) as (it, state):
        influx.freeze()
        assert it.step() == 1
        assert "timed out" in str(state.trouble())
    influx.thaw()
    with outbox(path, influx.settings(bucket)) as (it, _):
        it.step()
    assert influx.points(bucket) == expected(path)


def test_one_point_of_another_type_is_set_aside_and_the_rest_arrives(
    influx: InfluxServer, bucket: str, path: Path
) -> None:
    """Someone has written text where the peak is a number."""
    clash = InfluxSettings(url=influx.url, bucket=bucket, token=WRITER)
    with closing(InfluxSink(clash)) as sink:
        sink.write([Point("cramp_event", {"wearer": "other"}, at(75), {"peak_uv": "high"})])
    with outbox(path, influx.settings(bucket)) as (it, state):
        it.step()
        (kept,) = state.quarantined(10)
    assert (kept.point.measurement, kept.status) == ("cramp_event", 400)
    assert "peak_uv" in kept.reason
    arrived = {key for key in influx.points(bucket) if ("wearer", "w1") in key[1]}
    assert arrived == {key for key in expected(path) if key[0] != "cramp_event"}


def test_points_that_were_set_aside_arrive_when_the_bucket_has_been_mended(
    influx: InfluxServer, bucket: str, path: Path
) -> None:
    with closing(InfluxSink(influx.settings(bucket))) as sink:
        sink.write([Point("cramp_event", {"wearer": "other"}, at(75), {"peak_uv": "high"})])
        with outbox(path, influx.settings(bucket)) as (it, state):
            it.step()
            influx.query('DROP MEASUREMENT "cramp_event"', bucket)
            assert retry([state], sink) == (1, 0)
            assert state.refused() == 0
    assert influx.points(bucket) == expected(path)


def test_killed_in_the_middle_of_the_night_it_holds_what_it_had_confirmed_and_gets_the_rest(
    influx: InfluxServer, bucket: str, path: Path
) -> None:
    with outbox(path, influx.settings(bucket)) as (it, _):
        it.step()
        influx.kill()
        influx.start()
        assert influx.points(bucket) == expected(path)
        with NightStore(path / "nights.sqlite") as store:
            fill(store, minutes=6)
        it.step()
    assert influx.points(bucket) == expected(path)


@pytest.mark.parametrize(("token", "said"), [("wrong", "401 the token is not accepted"), (READER, "403 the token may")])
def test_a_wrong_token_is_told_with_its_cure_and_waited_for(
    influx: InfluxServer, bucket: str, path: Path, token: str, said: str
) -> None:
    with outbox(path, influx.settings(bucket, token)) as (it, state):
        it.step()
        assert said in str(state.trouble())
        assert state.refused() == 0


def test_a_bucket_that_is_missing_is_waited_for_instead_of_setting_all_nights_aside(
    influx: InfluxServer, bucket: str, path: Path
) -> None:
    with outbox(path, influx.settings(f"{bucket}_new")) as (it, state):
        it.step()
        assert "404 the bucket does not exist" in str(state.trouble())
        influx.create_bucket(f"{bucket}_new")
        it.step()
        assert state.refused() == 0
    assert influx.points(f"{bucket}_new") == expected(path)


def test_points_older_than_the_bucket_keeps_are_left_out_with_one_line_in_the_log(
    influx: InfluxServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    name = f"{tmp_path.name}_brief"
    influx.create_bucket(name, "30d")
    now = time.time_ns()
    with closing(InfluxSink(influx.settings(name))) as sink:
        sink.write([a_point(now - 90 * 86_400 * 10**9, v=1), a_point(now, v=2)])
        sink.write([a_point(now - 91 * 86_400 * 10**9, v=1)])
    assert list(influx.points(name).values()) == [{"v": 2}]
    assert caplog.messages == ["InfluxDB keeps less than the night store: points beyond its retention are left out"]


def test_an_empty_database_filled_afterwards_equals_the_one_that_was_there_all_night(
    influx: InfluxServer, bucket: str, path: Path
) -> None:
    influx.create_bucket(f"{bucket}_new")
    with outbox(path, influx.settings(bucket)) as (it, _):
        it.step()
        with NightStore(path / "nights.sqlite") as store:
            fill(store, minutes=5)
        it.step()
    with (
        closing(NightFeed(path / "nights.sqlite", UTC)) as feed,
        closing(InfluxSink(influx.settings(f"{bucket}_new"))) as sink,
        closing(OutboxState(path / "new.sqlite", "new", feed.store_id)) as state,
    ):
        list(backfill(feed, state, sink))
    assert influx.points(f"{bucket}_new") == influx.points(bucket)


def test_killed_between_sending_and_noting_it_sends_again_and_nothing_is_doubled(
    influx: InfluxServer, bucket: str, path: Path
) -> None:
    """A process of its own dies by SIGKILL at the moment at which InfluxDB has confirmed and nothing is noted yet."""
    program = """
import os, signal, sys
from tests.detector.sinks.test_influx import outbox, Path, InfluxSettings
from detector.sinks.outbox_state import OutboxState
OutboxState.advance = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
with outbox(Path(sys.argv[1]), InfluxSettings(url=sys.argv[2], bucket=sys.argv[3], token=sys.argv[4])) as (it, _):
    it.step()
"""
    command = [sys.executable, "-c", program, str(path), influx.url, bucket, WRITER]
    died = subprocess.run(command, cwd=Path(__file__).parents[3], env={**os.environ}, check=False)
    assert died.returncode == -signal.SIGKILL
    assert influx.points(bucket) == expected(path)
    with outbox(path, influx.settings(bucket)) as (it, state):
        assert state.seq == 0
        it.step()
        assert state.seq > 0
    assert influx.points(bucket) == expected(path)
    counted = influx.query('SELECT count("stage") FROM cramp_event', bucket)[0]["values"][0][1]
    assert counted == 1


def test_names_and_texts_with_every_awkward_character_come_back_as_they_were(influx: InfluxServer, bucket: str) -> None:
    awkward = 'it, "quoted" = 1\\n and back\\slash, über'
    with closing(InfluxSink(influx.settings(bucket))) as sink:
        sink.write([Point("probe", {"channel": "M. gastrocnemius, = caput"}, at(1), {"reason": awkward})])
    ((key, fields),) = influx.points(bucket).items()
    assert key == ("probe", (("channel", "M. gastrocnemius, = caput"),), at(1))
    assert fields == {"reason": awkward}


def test_a_point_in_line_protocol_has_fixed_types() -> None:
    """As the line protocol's reference writes float, integer, string and boolean."""
    point = Point("m", {"wearer": "w1"}, 1_795_125_600_000_000_001, {"a": 2.0, "b": 3, "c": 'say "x"', "d": True})
    assert line(point) == 'm,wearer=w1 a=2,b=3i,c="say \\"x\\"",d=true 1795125600000000001'


def test_what_is_refused_and_what_is_not_there_are_told_apart(influx: InfluxServer, bucket: str) -> None:
    with closing(InfluxSink(influx.settings(bucket))) as sink:
        sink.write([a_point(v=1)])
        with pytest.raises(Refused, match=r"400 .*field type conflict"):
            sink.write([a_point(v="text")])
        influx.answer(500)
        with pytest.raises(Unavailable, match="500"):
            sink.write([a_point(v=2)])


def test_who_does_not_send_to_influxdb_does_not_load_its_client() -> None:
    program = "import collector.service, detector.score, detector.service, crampwatch.wiring, crampwatch.influx, sys"
    loaded = subprocess.run(
        [sys.executable, "-c", f"{program}; print('influxdb_client' in sys.modules)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert loaded.stdout.strip() == "False"
