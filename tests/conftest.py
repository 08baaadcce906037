from hypothesis import settings

from tests.faults.disk import tiny_disk
from tests.support.brokers import (
    broker_of_another,
    embedded_broker,
    mosquitto,
    mosquitto_that_denies,
    shipped_mosquitto,
)

__all__ = [
    "broker_of_another",
    "embedded_broker",
    "mosquitto",
    "mosquitto_that_denies",
    "shipped_mosquitto",
    "tiny_disk",
]

# The same examples on every run, so that a test that turns red speaks of the change at hand.
# `make explore` tries others.
# No deadlines: how long an example takes is the machine's doing as much as ours.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("explore", print_blob=True, deadline=None)
settings.load_profile("same")
