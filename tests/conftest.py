from tests.support.brokers import (
    broker_of_another,
    embedded_broker,
    mosquitto,
    mosquitto_that_denies,
    shipped_mosquitto,
)

__all__ = ["broker_of_another", "embedded_broker", "mosquitto", "mosquitto_that_denies", "shipped_mosquitto"]
