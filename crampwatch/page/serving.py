"""The page put together: who is let in, by which names, and the server that listens."""

import socket
import time
from collections.abc import Sequence
from pathlib import Path

from collector.contract.topics import Place
from crampwatch.config import Config
from crampwatch.errors import UserError
from crampwatch.page.guard import ENTRANCE, Guard
from crampwatch.page.key import PageKey, kept_in
from crampwatch.page.page import Home, Page
from crampwatch.page.server import PageServer
from crampwatch.page.settings import PageSettings
from crampwatch.page.wording import Wording
from detector.catalogue import load

KEY_FILE = "page.key"
"""In the data directory."""
EVERY_ADDRESS = {"0.0.0.0": "192.0.2.1", "::": "2001:db8::1"}
"""What stands for all addresses of a computer, and an address from the documentation to find out which it would use."""


def key_for(where: PageSettings, directory: Path, *, new: bool) -> tuple[PageKey | None, str | None]:
    """The key to ask for, none on loopback; and the key itself where it has just been made."""
    if where.on_loopback:
        return None, None
    file = directory / KEY_FILE
    if new:
        file.unlink(missing_ok=True)
    directory.mkdir(parents=True, exist_ok=True)
    return kept_in(file)


def server(settings: Path, config: Config, where: PageSettings, key: PageKey | None) -> PageServer:
    """A server that listens and does not answer yet; raises UserError when it may not listen there."""
    home = Home(
        settings=settings,
        places=_places(config),
        diary=config.diary,
        store=config.store,
        silent=config.alarm.mode == "silent",
    )
    guard = Guard((*where.names, *_own_names()), key)
    page = Page(home, Wording(load(config.alarm.language), config.zone), guard, time.time_ns)
    try:
        return PageServer(where.host, where.port, page.answer, page.refusal)
    except OSError as error:
        raise UserError(
            f"the page cannot listen on {where.host}, port {where.port} ({error.strerror}); "
            "choose another --port, or `port` under [page]"
        ) from error


def address(where: PageSettings, port: int, key: str | None = None) -> str:
    """What to type into a browser; with a new key, the link that lets a device in."""
    host = _outward(where.host) if where.host in EVERY_ADDRESS else where.host
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}/" if key is None else f"http://{name}:{port}{ENTRANCE}?key={key}"


def _places(config: Config) -> Sequence[Place]:
    return [Place(sensor.wearer, sensor.site) for sensor in config.sensors]


def _own_names() -> tuple[str, ...]:
    """What the computer is called at home: its name, and that name as mDNS has it."""
    name = socket.gethostname()
    return name, f"{name.partition('.')[0]}.local"


def _outward(host: str) -> str:
    """The address by which others reach this computer. Nothing is sent: a UDP socket only looks up the route."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((EVERY_ADDRESS[host], 9))
            return str(probe.getsockname()[0])
        except OSError:
            return socket.gethostname()
