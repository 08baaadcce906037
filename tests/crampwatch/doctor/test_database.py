"""`crampwatch doctor` about InfluxDB: asked of a real one."""

from pathlib import Path

import msgspec
import pytest

from collector.embedded_broker import free_port
from crampwatch.doctor.database import database
from detector.sinks.settings import InfluxSettings
from tests.support.influx import READER, InfluxServer


def test_a_bucket_that_takes_points_is_ok_and_stays_empty(influx: InfluxServer, bucket: str) -> None:
    assert database(influx.settings(bucket)).state == "ok"
    assert influx.points(bucket) == {}


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"token": "wrong"}, "the token is not accepted"),
        ({"token": READER}, "may not write to this bucket"),
        ({"bucket": "elsewhere"}, "the bucket does not exist"),
        ({"token_file": "gone"}, "the token file cannot be read (No such file"),
    ],
)
def test_what_the_server_refuses_is_told_with_its_cure(
    influx: InfluxServer, bucket: str, changed: dict[str, str], says: str
) -> None:
    told = database(msgspec.structs.replace(influx.settings(bucket), **changed))
    assert (told.state, says in told.says, bool(told.cure)) == ("problem", True, True)


def test_a_server_in_trouble_is_told_by_its_answer(influx: InfluxServer, bucket: str) -> None:
    influx.answer(500)
    assert "it answers 500" in database(influx.settings(bucket)).says


def test_a_server_that_is_away_is_a_warning_as_the_nights_are_kept(tmp_path: Path) -> None:
    told = database(InfluxSettings(url=f"http://127.0.0.1:{free_port()}"))
    assert (told.state, "there is no InfluxDB (Connection refused)" in told.says) == ("warning", True)


def test_a_server_that_does_not_answer_is_a_warning(influx: InfluxServer, bucket: str) -> None:
    influx.freeze()
    told = database(influx.settings(bucket, timeout_s=0.3))
    assert (told.state, "does not answer in time" in told.says) == ("warning", True)
