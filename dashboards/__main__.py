"""`python -m dashboards` writes the dashboards, the alert rules and their reference page; `--check` only compares."""

import difflib
import sys
from collections.abc import Mapping
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.alerts import rules_file
from dashboards.live import live
from dashboards.morning import morning
from dashboards.reference import dashboards_page
from dashboards.technical import technical
from dashboards.trend import trend

PROJECT = Path(__file__).parent.parent
GRAFANA = PROJECT / "dashboards" / "grafana"
STALE = "\nThe files above are not what dashboards/ says now: run `make dashboards`."


def built() -> list[Dashboard]:
    """All dashboards, in the order in which one wants them."""
    return [morning(), trend(), live(), technical()]


def encoded(dashboard: Dashboard) -> str:
    """As Grafana reads it."""
    return JSONEncoder(sort_keys=True, indent=2, ensure_ascii=False).encode(dashboard) + "\n"


def files() -> dict[Path, str]:
    """Every file that is written, with its content."""
    dashboards = built()
    written = {GRAFANA / "dashboards" / f"{dashboard.uid}.json": encoded(dashboard) for dashboard in dashboards}
    written[GRAFANA / "provisioning" / "alerting" / "rules.yaml"] = rules_file()
    written[PROJECT / "docs" / "reference" / "dashboards.md"] = dashboards_page(dashboards)
    return written


def differences(written: Mapping[Path, str]) -> list[str]:
    """The lines by which the files on the disk differ, as a diff."""
    lines: list[str] = []
    for path, content in written.items():
        committed = path.read_text() if path.exists() else ""
        pair = committed.splitlines(), content.splitlines()
        lines += difflib.unified_diff(*pair, f"{path} as committed", f"{path} as built", lineterm="")
    return lines


def main(arguments: list[str]) -> None:
    """Write, or with `--check` compare and fail."""
    written = files()
    if arguments == ["--check"]:
        if lines := differences(written):
            sys.exit("\n".join(lines) + STALE)
        return
    for path, content in written.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


if __name__ == "__main__":
    main(sys.argv[1:])
