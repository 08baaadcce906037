"""What collector and detector say of themselves, and what is heard of one place."""

from collections.abc import Callable

import msgspec
import pytest

from collector.contract.codec import encode_block, encode_json
from collector.contract.errors import ContractError
from collector.contract.messages import NS, Fault, Faults, Health, LinkHealth, SampleBlock, Status
from collector.contract.topics import place
from crampwatch.preflight.course import Phase
from crampwatch.preflight.heard import Heard
from crampwatch.preflight.reports import battery, detector, sensor, strength
from detector.catalogue import load
from detector.settings import DetectorSettings
from detector.sight import Seen
from tests.crampwatch.preflight.legs import SECONDS, worked
from tests.support.signals import LEFT_CALF, START_NS, Leg, recording

ENGLISH = load()
END_NS = START_NS + round(SECONDS * NS)
ONLINE = Status(state="online", t_ns=START_NS)
WATCHING = Seen(state="WATCHING", since_ns=START_NS, text="watching", judged_ns=END_NS)


def hear(*messages: tuple[str, msgspec.Struct], now_ns: Callable[[], int] | None = None) -> Heard:
    heard = Heard(LEFT_CALF, DetectorSettings(), now_ns=now_ns)
    for what, message in messages:
        encoded = encode_block(message) if isinstance(message, SampleBlock) else encode_json(message)
        heard.message(LEFT_CALF.topic(what), encoded)
    return heard


def samples(leg: Leg | None = None) -> list[tuple[str, SampleBlock]]:
    return [(block.stream, block) for block in recording(leg or worked())]


def health(**link: float) -> Health:
    links = (LinkHealth(device="node", state="streaming"), LinkHealth(device="node 2", state="streaming", **link))  # type: ignore[arg-type]
    return Health(t_ns=0, session=None, links=links, samples={}, lost={}, fitted_ppm={}, refused={}, unpublished=0)


def test_a_collector_that_is_there_and_sends_is_well() -> None:
    assert [it.state for it in sensor(hear(("status", ONLINE), *samples()), ENGLISH)] == ["ok"]


@pytest.mark.parametrize("status", [[], [("status", Status(state="offline", t_ns=START_NS))]])
def test_without_a_collector_the_cure_is_to_start_it(status: list[tuple[str, Status]]) -> None:
    (found,) = sensor(hear(*status), ENGLISH)
    assert found.state == "problem"
    assert "crampwatch night" in found.cure


def test_a_collector_that_is_connected_and_sends_nothing_is_a_problem() -> None:
    (found,) = sensor(hear(("status", ONLINE)), ENGLISH)
    assert (found.state, found.says) == ("problem", "no muscle signal comes")


def test_a_signal_that_breaks_off_is_told() -> None:
    (found,) = sensor(hear(("status", ONLINE), *samples(Leg(12, fs=250.0))), ENGLISH)
    assert "broke off" in found.says


def test_what_the_collector_complains_of_is_told_in_its_own_words() -> None:
    fault = Fault(device="node", streams=("emg",), since_ns=0, cause="not heard", cure="charge it")
    found = sensor(hear(("status", ONLINE), ("fault", Faults(t_ns=0, faults=(fault,)))), ENGLISH)
    assert (found[0].says, found[0].cure, found[0].about) == ("not heard", "charge it", "node")


def test_an_emg_too_slow_to_be_judged_is_told() -> None:
    (found,) = sensor(hear(("status", ONLINE), *samples(Leg(12, fs=50.0))), ENGLISH)
    assert "at least 100 Hz" in found.says


def test_samples_of_before_an_outage_belong_to_no_prompt() -> None:
    begun: list[Phase] = []
    late = Heard(LEFT_CALF, DetectorSettings(), begun.append, lambda: END_NS + 60 * NS)
    for what, block in samples():
        late.message(LEFT_CALF.topic(what), encode_block(block))
    assert (begun, late.samples) == ([], 0)
    late.message(LEFT_CALF.topic("status"), encode_json(ONLINE))
    (found,) = sensor(late, ENGLISH)
    assert "only old samples come" in found.says


def test_each_phase_is_announced_once_and_in_order() -> None:
    begun: list[Phase] = []
    heard = Heard(LEFT_CALF, DetectorSettings(), begun.append)
    for what, block in samples():
        heard.message(LEFT_CALF.topic(what), encode_block(block))
    assert begun == ["rest", "tense", "release", "done"]


def test_a_session_that_begins_anew_begins_the_course_anew() -> None:
    first, second = samples()[:30], samples()
    again = [(what, msgspec.structs.replace(block, session="another")) for what, block in second]
    heard = hear(*first, *again)
    assert heard.course is not None
    assert (heard.course.session, heard.finished) == ("another", True)


def test_other_places_are_not_listened_to() -> None:
    heard = Heard(LEFT_CALF, DetectorSettings())
    heard.message(place("w2", "left_calf").topic("status"), encode_json(ONLINE))
    assert heard.status is None


def test_what_is_no_message_is_refused_by_name() -> None:
    with pytest.raises(ContractError):
        Heard(LEFT_CALF, DetectorSettings()).message(LEFT_CALF.topic("status"), b"?")


@pytest.mark.parametrize(
    ("link", "state", "says"),
    [
        ({}, "not asked", "does not tell"),
        ({"battery_percent": 80.0}, "ok", "80 %"),
        ({"battery_percent": 20.0}, "warning", "20 %"),
        ({"battery_percent": 20.0, "battery_hours_left": 30.0}, "ok", "30 h 00 min"),
        ({"battery_percent": 90.0, "battery_hours_left": 5.0}, "problem", "not for the night"),
    ],
)
def test_a_battery_has_to_last_for_the_night(link: dict[str, float], state: str, says: str) -> None:
    found = battery(health(**link), ENGLISH)
    assert found.state == state
    assert says in found.says


@pytest.mark.parametrize(
    ("link", "state"), [({}, "not asked"), ({"rssi_dbm": -60}, "ok"), ({"rssi_dbm": -90}, "warning")]
)
def test_a_wearable_that_is_hardly_heard_is_told(link: dict[str, float], state: str) -> None:
    assert strength(health(**link), ENGLISH).state == state


@pytest.mark.parametrize(
    ("seen", "state"),
    [
        (None, "problem"),
        (Seen(state="OFFLINE", since_ns=0, text="nobody sends"), "problem"),
        (msgspec.structs.replace(WATCHING, judged_ns=None), "warning"),
        (msgspec.structs.replace(WATCHING, judged_ns=END_NS - 600 * NS), "problem"),
        (msgspec.structs.replace(WATCHING, judged_ns=END_NS - 12 * NS), "ok"),
        (WATCHING, "ok"),
    ],
)
def test_a_detector_has_to_follow_the_samples(seen: Seen | None, state: str) -> None:
    heard = hear(*samples(), *([("watch", seen)] if seen else []))
    assert detector(heard, ENGLISH).state == state
