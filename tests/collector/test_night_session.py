"""A session is one night of one wearer at one site; a restart in the same night goes on with it."""

from pathlib import Path

import msgspec
import numpy as np

from collector.contract.journal import Journal
from collector.contract.messages import NS, SessionId
from collector.devices.decoder import Samples
from collector.devices.profile import DeviceInfo, load_profile
from collector.night_session import NightSession, journals
from collector.settings import CollectorSettings
from collector.time_source import DeviceTime
from tests.support.wearables import START_NS, settings

EMG, ACC, TEMP = load_profile("cramp-node").stream
NODE = DeviceInfo(boot=7, streams=(EMG, ACC, TEMP))
TONIGHT = DeviceTime(START_NS)
TOMORROW = DeviceTime(START_NS + 24 * 3600 * NS)


def begin(options: CollectorSettings, info: DeviceInfo = NODE, time: DeviceTime = TONIGHT) -> NightSession:
    return NightSession.begin(info.streams, "cramp-node virtual", options, time)


def take(session: NightSession, counter: int, count: int) -> None:
    session.accept(Samples("emg", counter, np.arange(count, dtype="<i2").reshape(-1, 1)), 0)
    session.commit()


def ended(options: CollectorSettings) -> dict[SessionId, bool]:
    result = {}
    for journal, _ in journals(options):
        result[journal.header.session] = journal.ended
        journal.close()
    return result


def test_a_session_is_named_after_night_wearer_and_site(tmp_path: Path) -> None:
    session = begin(settings(tmp_path))
    header = session.journal.header
    assert header.session.startswith("2026-11-19_w1_left_calf_")
    assert (header.wearer, header.site, header.started_ns) == ("w1", "left_calf", START_NS)
    session.close(end=True)


def test_the_longest_names_still_make_a_session_id(tmp_path: Path) -> None:
    options = msgspec.structs.replace(settings(tmp_path), wearer="w" * 64, site="s" * 64)
    session = begin(options)
    assert len(session.journal.header.session) <= 96
    session.close(end=True)


def test_closing_keeps_the_samples_that_have_not_filled_a_block(tmp_path: Path) -> None:
    session = begin(settings(tmp_path))
    session.link_up(NODE)
    take(session, counter=100, count=1500)
    session.close(end=False)
    with Journal.open(session.path, read_only=True) as journal:
        assert [(block.first_index, block.count) for block in journal.blocks()] == [(100, 1000), (1100, 500)]


def test_a_restart_in_the_same_night_goes_on_and_asks_the_node_for_the_next_sample(tmp_path: Path) -> None:
    first = begin(settings(tmp_path))
    first.link_up(NODE)
    take(first, counter=100, count=1500)
    first.journal.close()  # as a crash would: the open block of 500 samples is gone
    second = begin(settings(tmp_path))
    assert second.journal.header.session == first.journal.header.session
    assert second.link_up(NODE) == {"emg": 1100}
    take(second, counter=1100, count=1000)
    second.close(end=False)
    with Journal.open(second.path, read_only=True) as journal:
        assert [(block.seq, block.first_index, block.count) for block in journal.blocks()] == [
            (0, 100, 1000),
            (1, 1100, 1000),
        ]


def test_a_node_that_has_restarted_meanwhile_is_not_asked_for_what_it_no_longer_knows(tmp_path: Path) -> None:
    first = begin(settings(tmp_path))
    first.link_up(NODE)
    take(first, counter=100, count=1000)
    first.close(end=False)
    second = begin(settings(tmp_path))
    assert second.link_up(msgspec.structs.replace(NODE, boot=8)) == {}
    take(second, counter=0, count=1000)
    second.close(end=False)
    with Journal.open(second.path, read_only=True) as journal:
        assert [block.first_index for block in journal.blocks()] == [100, 1101]


def test_another_night_another_session(tmp_path: Path) -> None:
    begin(settings(tmp_path)).close(end=False)
    begin(settings(tmp_path), time=TOMORROW).close(end=False)
    assert [session[:10] for session in ended(settings(tmp_path))] == ["2026-11-19", "2026-11-20"]


def test_what_a_past_night_left_open_is_ended_by_the_next_and_told(tmp_path: Path) -> None:
    first = begin(settings(tmp_path))
    first.close(end=False)
    told: list[Path] = []
    second = NightSession.begin(NODE.streams, "cramp-node virtual", settings(tmp_path), TOMORROW, ended=told.append)
    assert told == [first.path]
    assert ended(settings(tmp_path)) == {
        first.journal.header.session: True,
        second.journal.header.session: False,
    }
    second.close(end=True)


def test_a_past_night_that_cannot_be_ended_does_not_keep_the_next_from_beginning(tmp_path: Path) -> None:
    past = begin(settings(tmp_path))
    past.journal._db.execute("CREATE TRIGGER full BEFORE UPDATE ON progress BEGIN SELECT RAISE(FAIL, 'disk full'); END")
    past.close(end=False)
    told: list[Path] = []
    begun = NightSession.begin(NODE.streams, "cramp-node virtual", settings(tmp_path), TOMORROW, ended=told.append)
    assert told == []
    begun.close(end=True)


def test_an_ended_session_is_not_continued(tmp_path: Path) -> None:
    begin(settings(tmp_path)).close(end=True)
    begin(settings(tmp_path)).close(end=False)
    assert sorted(ended(settings(tmp_path)).values()) == [False, True]


def test_a_device_with_other_rates_begins_a_session_of_its_own(tmp_path: Path) -> None:
    first = begin(settings(tmp_path))
    first.link_up(NODE)
    take(first, counter=0, count=1000)
    first.close(end=False)
    slower = DeviceInfo(7, (msgspec.structs.replace(EMG, rate_hz=250.0), ACC, TEMP))
    assert not first.suits(slower.streams)
    begin(settings(tmp_path), slower).close(end=False)
    assert len(ended(settings(tmp_path))) == 2


def test_other_wearers_and_files_that_are_no_journals_are_left_alone(tmp_path: Path) -> None:
    begin(msgspec.structs.replace(settings(tmp_path), wearer="w2")).close(end=False)
    (tmp_path / "2026-11-19_w1_left_calf_0000.journal").write_bytes(b"torn")
    begin(settings(tmp_path)).close(end=False)
    assert len(ended(settings(tmp_path))) == 1
    assert (tmp_path / "2026-11-19_w1_left_calf_0000.journal").read_bytes() == b"torn"
