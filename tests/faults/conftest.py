"""The InfluxDB that the faults are put to."""

from tests.support.influx import influx_server

__all__ = ["influx_server"]
