from tests.support.brokers import embedded_broker, mosquitto, mosquitto_that_denies

__all__ = ["embedded_broker", "mosquitto", "mosquitto_that_denies"]
