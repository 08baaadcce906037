"""Packet contents that no layout can express, by the name a profile calls them."""

from collections.abc import Callable, Mapping

from collector.devices.codecs.ascii_numbers import AsciiNumbers
from collector.devices.codecs.ganglion import Ganglion
from collector.devices.codecs.ieee11073 import TemperatureMeasurement
from collector.devices.codecs.polar_delta import PolarDelta
from collector.devices.frames import Body
from collector.devices.profile import CodecName, Stream

CODECS: Mapping[CodecName, Callable[[Stream], Body]] = {
    "ascii": AsciiNumbers,
    "ganglion": Ganglion,
    "ieee11073": TemperatureMeasurement,
    "polar-delta": PolarDelta,
}
