"""A test event on its way: from samples on MQTT to a row that Grafana shows. Nothing of it is in a wearer's nights.

The samples are a simulated contraction of a wearer who exists for this only, dated long ago: the event is then `late`,
which nobody is to be woken by; no report or dashboard of the last nights holds it, and no alert rule of Grafana's looks
at it.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from collector.contract.codec import decode_json
from collector.contract.messages import NS
from collector.contract.names import SMOKE_TEST
from collector.contract.nights import night_of
from collector.contract.recording import Recording
from collector.contract.recordings import open_recording
from collector.contract.topics import Place
from collector.replayer import BrokerUnreachable, Replayer
from collector.simulator.edf import write_night
from collector.simulator.night import simulate_night
from collector.simulator.spec import NightSpec
from crampwatch.config import Config
from crampwatch.doctor.finding import Finding
from crampwatch.smoke.ear import ANSWER_S, Ear, cleared
from crampwatch.smoke.grafana_api import DATA_SOURCE, Grafana, GrafanaTrouble
from detector import texts
from detector.score import ScoredEvent, score_recording
from detector.sight import Seen
from detector.store import NightStore
from detector.store_record import NoSuchNight
from detector.store_schema import BadStore

PLACE = Place(SMOKE_TEST, "left_calf")
"""Grafana shows the first in the alphabet unless another is chosen, which this one never is.
InfluxDB 2 does not offer wearers of long ago at all, but the index in memory of InfluxDB 1 forgets their age.
"""
SPEC = NightSpec(seed=3, hours=0.03, fs=250.0, cramps=1)
"""A minute and three quarters at a common rate, with a cramp of 16 s after 35 s."""
HEARD_OF_S = 10.0
"""A detector that is there acknowledges within a second."""
POLL_S, GRAFANA_POLL_S = 0.1, 0.5
"""Looking at a file costs nothing; Grafana asks InfluxDB each time."""
ROW = (
    f"""SELECT "event_id" FROM "cramp_event" WHERE "wearer" = '{PLACE.wearer}' AND "site" = '{PLACE.site}'"""
    " AND $timeFilter"
)
NOT_FILED = "are `data_directory` here and the detector's the same folder? Look at `docker compose logs detector`"
NO_ROW = (
    "look at `docker compose logs outbox`. Where the bucket keeps nights for less than the event's age, use --days-ago"
)
BLANK = Finding("test event", "ok", "", about=" ".join(PLACE))
STILL_COMING = Finding(
    "traces",
    "warning",
    "the broker keeps the samples; a detector that comes back will still file them and tell the event, as late",
    "run this again then: it clears up",
)


class Trial(NamedTuple):
    """A recording, and the event that a detector of these settings finds in it."""

    recording: Recording
    event: ScoredEvent


def way(config: Config, ear: Ear, grafana: Grafana | None, days_ago: int, patience_s: float) -> Iterator[Finding]:
    """Send a contraction and follow its event, each step for as long as `patience_s` after the start.

    Where a step is not seen, those after it are not asked. Without `grafana` it ends in the night store.
    """
    with tempfile.TemporaryDirectory() as folder:
        recording = simulated(Path(folder), datetime.now(UTC) - timedelta(days=days_ago))
        found = score_recording(recording, config.detector).events
        if not found:
            says = "the parameters under [detector] find nothing in a simulated cramp, so none can be sent"
            yield BLANK._replace(state="not asked", says=says, cure="try it with the parameters as they come")
            return
        try:
            yield from _followed(Trial(recording, found[0]), config, ear, grafana, patience_s)
        except (BrokerUnreachable, GrafanaTrouble) as error:
            says, _, cure = str(error).partition("; ")
            yield BLANK._replace(state="problem", says=says, cure=cure)
        yield _left_behind(config, ear, recording) if found[0].id in ear.told else STILL_COMING


def simulated(folder: Path, start: datetime) -> Recording:
    """The contraction as a recording that begins at this second."""
    spec = replace(SPEC, start=start.replace(microsecond=0, tzinfo=None))  # EDF knows no zones: it is read as UTC
    path, _ = write_night(simulate_night(spec), folder)
    return open_recording(path, place=PLACE)


def _followed(trial: Trial, config: Config, ear: Ear, grafana: Grafana | None, patience_s: float) -> Iterator[Finding]:
    began_s = time.monotonic()

    def seen(look: Callable[[], bool], every_s: float = POLL_S) -> bool:
        while not (there := look()) and time.monotonic() - began_s < patience_s:
            time.sleep(every_s)
        return there

    broker = config.named_broker.as_role("collector")
    Replayer(trial.recording, PLACE, broker, linger_s=min(HEARD_OF_S, patience_s)).run()
    if not seen(lambda: trial.event.id in ear.told):
        yield _not_told(ear, patience_s)
        return
    told_s, message = ear.told[trial.event.id]
    late = ", marked late, so that it wakes nobody" if message.late else ""
    so_far = f"told {told_s - began_s:.1f} s after its samples began to be sent"
    yield BLANK._replace(says=f"{so_far}{late}")
    if not seen(lambda: _is_filed(config, trial)):
        yield _lost(f"{so_far}, but after {patience_s:g} s the night store does not hold it", NOT_FILED)
        return
    yield BLANK._replace(says=f"in the night store after {time.monotonic() - began_s:.1f} s")
    if grafana is None:
        yield BLANK._replace(state="not asked", says="whether it becomes a row: see above")
    elif seen(lambda: _is_shown(grafana, trial), GRAFANA_POLL_S):
        yield BLANK._replace(says=f"a row in Grafana after {time.monotonic() - began_s:.1f} s")
    else:
        yield _lost(f"{so_far}, but after {patience_s:g} s Grafana has no row", NO_ROW)


def _not_told(ear: Ear, patience_s: float) -> Finding:
    if PLACE in ear.of("ack"):
        cure = "`docker compose logs detector` tells why; by which parameters does it judge?"
        return _lost(f"the detector took the samples, but told no event within {patience_s:g} s", cure)
    cure = "start it, or look at `docker compose logs detector`; the broker keeps the samples for it"
    return _lost(f"the detector did not answer within {patience_s:g} s", cure)


def _lost(says: str, cure: str) -> Finding:
    return BLANK._replace(state="problem", says=says, cure=cure)


def _is_filed(config: Config, trial: Trial) -> bool:
    """Whether the store has the whole session with the event."""
    night = night_of(trial.recording.start_ns, config.zone)
    try:
        with NightStore(config.store, read_only=True) as store:
            record = store.record(*PLACE, night, config.zone)
            whole = store.is_complete(PLACE, trial.recording.session)
    except (BadStore, NoSuchNight):
        return False
    return whole and trial.event.id in [event.id for event in record.events]


def _is_shown(grafana: Grafana, trial: Trial) -> bool:
    target = {"refId": "A", "datasource": DATA_SOURCE, "query": ROW, "rawQuery": True, "resultFormat": "table"}
    start_ms, end_ms = trial.recording.start_ns * 1000 // NS, trial.recording.end_ns * 1000 // NS
    result = grafana.query([target], start_ms, end_ms)["A"]
    return any(row["event_id"] == trial.event.id for frame in result.frames for row in frame.rows())


def _left_behind(config: Config, ear: Ear, recording: Recording) -> Finding:
    """Clear what the broker has retained; the rest has to stay, as the night store has one writer, the detector."""
    where = "the night store and InfluxDB" if config.influx else "the night store"
    night = night_of(recording.start_ns, config.zone)
    stays = f"two minutes stay under {PLACE.wearer} in {where}, in the night of {night}"
    deadline_s = time.monotonic() + ANSWER_S
    while PLACE in ear.of("watch") and not _has_ended(ear) and time.monotonic() < deadline_s:
        time.sleep(POLL_S)  # the detector's last word would be retained after we have cleared
    of_collector = cleared(config.named_broker.as_role("collector"), [PLACE.topic("status")])
    of_detector = cleared(config.named_broker.as_role("detector"), [PLACE.topic(what) for what in ("watch", "ack")])
    if of_collector and of_detector:
        return Finding("traces", "ok", f"what the broker retained of it is cleared; {stays}")
    cure = "run this where the passwords of collector and detector are"
    return Finding("traces", "warning", f"the broker still retains messages of {PLACE.wearer}; {stays}", cure)


def _has_ended(ear: Ear) -> bool:
    return decode_json(ear.of("watch")[PLACE], Seen).text == texts.ENDED
