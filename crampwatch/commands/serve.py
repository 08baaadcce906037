"""`crampwatch serve`: the local page, for a phone beside the bed."""

import threading
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.console import Console

from crampwatch.config import Config, load
from crampwatch.logs import to_stderr
from crampwatch.page.settings import PageSettings

POLL_S = 0.2


def serve(
    *,
    config: Path = Path("crampwatch.toml"),
    host: str | None = None,
    port: int | None = None,
    new_key: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Serve the page: what the alarm does now, buttons to answer it, the nights, and the diary.

    Only this computer can reach it, unless `--host` names an address in the network. The page then asks for a key: the
    link that is shown at the first start lets a device in for good. Ctrl-C stops.

    Parameters
    ----------
    config
        The settings file.
    host
        The address to listen on, instead of that under [page]; 0.0.0.0 is every address of this computer.
    port
        The port, instead of that under [page]; 0 is one that is free.
    new_key
        Make a new key and show its link; every device has to be let in anew.
    """
    from crampwatch.page import serving
    from crampwatch.processes import stop_on_signals

    to_stderr()
    settings = load(config)
    where = _where(settings, host, port)
    key, shown = serving.key_for(where, settings.directory, new=new_key)
    server = serving.server(config, settings, where, key)
    console = Console(highlight=False)
    console.print(f"The page: {serving.address(where, server.server_port)}  Ctrl-C stops.", soft_wrap=True)
    if shown:
        link = serving.address(where, server.server_port, shown)
        console.print(f"Open this link once on each device; it is not shown again: {link}", soft_wrap=True)
    listening = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": POLL_S})
    listening.start()
    stop_on_signals().wait()
    server.shutdown()
    listening.join()
    server.server_close()


def _where(settings: Config, host: str | None, port: int | None) -> PageSettings:
    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    return msgspec.structs.replace(settings.page, **given)
