"""The base night, simulated and scored once for all tests that only look at it."""

import pytest

from benchmarks.robustness.night import Night, simulate
from benchmarks.robustness.watching import Watched, watch


@pytest.fixture(scope="session")
def night() -> Night:
    return simulate()


@pytest.fixture(scope="session")
def undisturbed(night: Night) -> Watched:
    return watch(night)
