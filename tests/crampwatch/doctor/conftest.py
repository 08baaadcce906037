from tests.support.bluez import bus
from tests.support.influx import bucket, influx, influx_server

__all__ = ["bucket", "bus", "influx", "influx_server"]
