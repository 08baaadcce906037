"""Whether a visitor to a dashboard sees what the night store says: every panel, variable and annotation of it."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tests.dashboards.expected import Expected
from tests.dashboards.expected_curves import known
from tests.dashboards.grafana import Answer, Json, Visit
from tests.dashboards.stored import Stored

FIGURES = ("stat", "bargauge")
UP_TO = 300
"""Characters of what is shown, where it is wrong."""


class Looked(NamedTuple):
    """A panel, variable or annotation that was looked at: how many values it shows, and what is wrong with them."""

    what: str
    values: int
    wrong: str = ""


def wrong(looked: Iterable[Looked]) -> list[Looked]:
    """Those that show something else than they have to."""
    return [it for it in looked if it.wrong]


def look_at(visit: Visit, stored: Stored) -> list[Looked]:
    """Compare everything a dashboard shows of one wearer's site with what is stored of it."""
    expected = Expected(stored, visit)
    return [*_panels(visit, expected), *_variables(visit, expected), *_annotations(visit, expected)]


def _panels(visit: Visit, expected: Expected) -> Iterator[Looked]:
    wanted = expected.panels()
    for panel in visit.dashboard["panels"]:
        if "targets" in panel:
            yield _compared(panel["title"], shown(panel, visit.answers(panel)), wanted[panel["title"]])


def _variables(visit: Visit, expected: Expected) -> Iterator[Looked]:
    wanted = expected.variables()
    for variable in visit.dashboard["templating"]["list"]:
        name, offered = variable["name"], visit.offered(variable)
        if name == "wearer":  # of all that the database has, and so of more than one store's place
            wrong = "" if expected.stored.place.wearer in offered else f"offers {offered}"
            yield Looked("variable wearer", len(offered), wrong)
        else:
            yield _compared(f"variable {name}", offered, wanted[name])


def _annotations(visit: Visit, expected: Expected) -> Iterator[Looked]:
    wanted = expected.annotations()
    for annotation in visit.dashboard["annotations"]["list"]:
        name = annotation["name"]
        series = visit.ask(annotation["target"]["query"])
        values = sorted(tuple(value or 0 for value in row) for one in series for row in one["values"])
        yield _compared(f"annotation {name}", values, wanted[name])


def shown(panel: Json, answers: list[Answer]) -> object:
    """What a panel makes of its answers: figures, rows, or curves by their names."""
    if any(answer.alias is not None for answer in answers):
        return known({name: points for answer in answers for name, points in answer.curves().items()})
    rows = [row for answer in answers for row in answer.rows]
    if panel["type"] in FIGURES:
        return [value for row in rows for name, value in row.items() if name != "Time"]
    return rows


def _compared(what: str, found: object, wanted: object) -> Looked:
    values = _size(found)
    if found == wanted:
        return Looked(what, values)
    return Looked(what, values, f"shows {found!s:.{UP_TO}}, the night store says {wanted!s:.{UP_TO}}")


def _size(found: object) -> int:
    if isinstance(found, dict):
        return sum(map(len, found.values()))
    assert isinstance(found, list)
    return len(found)
