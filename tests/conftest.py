from hypothesis import settings

from tests.support.brokers import (
    broker_of_another,
    embedded_broker,
    mosquitto,
    mosquitto_that_denies,
    shipped_mosquitto,
)

__all__ = ["broker_of_another", "embedded_broker", "mosquitto", "mosquitto_that_denies", "shipped_mosquitto"]

# The same examples on every run, so that a test that turns red speaks of the change at hand.
# `make explore` tries others.
settings.register_profile("same", derandomize=True)
settings.register_profile("explore", print_blob=True)
settings.load_profile("same")
