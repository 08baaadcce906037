from tests.support.influx import bucket, influx, influx_server

__all__ = ["bucket", "influx", "influx_server"]
