"""The base night, simulated and scored once for all tests that only look at it."""

import pytest

from tests.robustness.base_night import Night, simulate
from tests.robustness.watching import Watched, watch


@pytest.fixture(scope="session")
def night() -> Night:
    return simulate()


@pytest.fixture(scope="session")
def undisturbed(night: Night) -> Watched:
    return watch(night)
