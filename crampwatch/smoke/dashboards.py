"""The dashboards as Grafana has them, against those that were shipped."""

import json
from collections.abc import Iterator
from pathlib import Path

from crampwatch.doctor.finding import Finding
from crampwatch.smoke.grafana_api import Grafana, Json

UIDS = ("crampwatch-morning", "crampwatch-trend", "crampwatch-live", "crampwatch-technical")
MOUNT = "is the folder dashboards/grafana/dashboards where its provisioning looks? See `docker compose logs grafana`"
RESTART = "`docker compose up --detach --force-recreate grafana`, in the checkout of this version"
NAMED_AT_MOST = 3


def present(grafana: Grafana) -> dict[str, Json]:
    """The dashboards of ours that Grafana has, by their uid."""
    return {uid: dashboard for uid in UIDS if (dashboard := grafana.dashboard(uid))}


def as_shipped(there: dict[str, Json], folder: Path) -> Iterator[Finding]:
    """Whether all are there, and ask what those in the folder ask.

    Compared are the questions. Grafana adds to the rest of what it is given, and brings it into a newer form.
    """
    missing = [uid for uid in UIDS if uid not in there]
    if missing:
        yield Finding("dashboards", "problem", f"{' and '.join(missing)} not there", MOUNT)
    if not all((folder / f"{uid}.json").is_file() for uid in UIDS):
        says = f"{len(there)} are there; of which version cannot be told: the shipped files are not in {folder}"
        yield Finding("dashboards", "not asked", says, "run this in the repository, or name the folder: --dashboards")
        return
    changed = {uid: names for uid in there if (names := _differences(there[uid], folder / f"{uid}.json"))}
    for uid, names in changed.items():
        says = f"asks other than this version's: {', '.join(names[:NAMED_AT_MOST])}"
        more = f" and {len(names) - NAMED_AT_MOST} more" if len(names) > NAMED_AT_MOST else ""
        yield Finding("dashboards", "warning", says + more, RESTART, uid)
    if not missing and not changed:
        yield Finding("dashboards", "ok", f"all {len(there)} are there and ask what this version's ask")


def _differences(dashboard: Json, shipped: Path) -> list[str]:
    """Whatever asks otherwise in one than in the other, by name."""
    here, there = _questions(json.loads(shipped.read_text())), _questions(dashboard)
    return sorted(name for name in here.keys() | there.keys() if here.get(name) != there.get(name))


def _questions(dashboard: Json) -> dict[str, list[str]]:
    """By the name of each panel, variable and annotation, what it asks."""
    panels = {panel["title"]: [it.get("query", "") for it in panel.get("targets", ())] for panel in dashboard["panels"]}
    variables = {f"variable {it['name']}": [it["query"]] for it in dashboard["templating"]["list"]}
    annotations = {f"annotation {it['name']}": [it["target"]["query"]] for it in annotations_of(dashboard)}
    return panels | variables | annotations


def annotations_of(dashboard: Json) -> list[Json]:
    """Those that ask the database; Grafana adds one of its own that does not."""
    return [it for it in dashboard["annotations"]["list"] if "query" in it.get("target", {})]
