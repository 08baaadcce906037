"""`crampwatch smoke`: whether a stack that runs works as a whole."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.console import Console

from crampwatch.commands.doctor import STYLES
from crampwatch.config import load

DAYS_AGO = 500
"""Longer than the dashboards look for wearers, 400 days, so that the test event's is never offered."""


def smoke(
    *,
    config: Path = Path("home/crampwatch.toml"),
    grafana: str = "http://127.0.0.1:3000",
    user: str = "admin",
    password_file: Path | None = None,
    influxdb: str | None = None,
    dashboards: Path = Path("dashboards/grafana/dashboards"),
    event: bool = True,
    days_ago: Annotated[int, Parameter(validator=Number(gte=1))] = DAYS_AGO,
    patience: Annotated[float, Parameter(validator=Number(gt=0))] = 90.0,
) -> int:
    """Ask every part of a running stack how it is, each dashboard's queries, and send a test event through it all.

    For after `docker compose up`, and after each upgrade. Exits 1 when something is broken. The event is a simulated
    cramp of a wearer called zz-smoke-test, dated long ago: it wakes nobody, and is in nobody's nights.

    Parameters
    ----------
    config
        The settings file, which `crampwatch setup` has written.
    grafana
        Where Grafana is.
    user
        As whom to enter Grafana.
    password_file
        Holds that user's password; by default secrets/grafana_admin_password beside the settings.
    influxdb
        Where InfluxDB is, as seen from here; by default as the settings say, or where Compose makes it reachable.
    dashboards
        The dashboards of this version, to compare those of Grafana with.
    event
        Whether to send the test event.
    days_ago
        How long ago the test event is dated.
    patience
        After how many seconds a step of the event's way counts as broken.
    """
    from crampwatch.doctor.finding import exit_code
    from crampwatch.smoke.round import Choices, whole_stack

    settings = load(config)
    secret = password_file or config.parent / "secrets" / "grafana_admin_password"
    choices = Choices(grafana, user, secret, influxdb, dashboards, days_ago if event else None, patience)
    console = Console(highlight=False, soft_wrap=True)
    found = []
    for finding in whole_stack(settings, choices):
        console.print(finding.line(), style=STYLES[finding.state], markup=False)
        found.append(finding)
    return exit_code(found)
