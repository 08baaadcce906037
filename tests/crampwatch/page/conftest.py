"""One browser for all tests of the page: its start takes as long as a dozen of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crampwatch.page.browser import Browser, running_browser
from tests.crampwatch.page.home import PageAtHome, served


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with running_browser(tmp_path_factory.mktemp("browser")) as browser:
        yield browser


@pytest.fixture
def browser(started: Browser) -> Browser:
    started.fresh()
    return started


@pytest.fixture
def home(tmp_path: Path) -> PageAtHome:
    return PageAtHome(tmp_path)


@pytest.fixture
def address(home: PageAtHome) -> Iterator[str]:
    with served(home.page) as address:
        yield address
