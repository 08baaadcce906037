"""What `crampwatch setup` writes, put to use: a broker, a collector and a detector that let each other in."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from crampwatch.config import load
from detector.store import NightStore
from tests.support.brokers import MISSING, MOSQUITTO, Mosquitto
from tests.system.test_replay import WHOLE, check, is_filed, until
from tests.system.test_secured_broker import collecting, detecting

USER = ["--user", "daemon"] if os.geteuid() == 0 else []
"""Root must name somebody else; on every Linux there is one of this name."""


class AtHome(Mosquitto):
    """A mosquitto as `crampwatch setup --bare-metal` sets it up."""

    def _configure(self, access_control: str) -> None:
        options = ["--bare-metal", "--broker-port", str(self.port), *USER]
        subprocess.run([sys.executable, "-m", "crampwatch", "setup", *options], cwd=self._directory, check=True)
        self.settings = self._directory / "home" / "crampwatch.toml"
        self.configuration = self._directory / "home" / "broker" / "mosquitto.conf"


def test_after_setup_a_night_comes_from_the_collector_to_the_night_store(tmp_path: Path) -> None:
    if MOSQUITTO is None:
        pytest.skip(MISSING)
    mosquitto = AtHome(tmp_path)
    mosquitto.start()
    settings = load(mosquitto.settings)
    assert settings.broker is not None
    try:
        with (
            detecting(settings.broker.as_role("detector"), settings.store),
            collecting(settings.broker.as_role("collector"), settings.directory),
        ):
            until(lambda: is_filed(settings.store), "the end of the session")
        check(settings.store, WHOLE)
        with NightStore(settings.store, read_only=True) as store:
            assert [stored.info.place for stored in store.sessions()] == [("w1", "left_calf")]
    finally:
        mosquitto.stop()
