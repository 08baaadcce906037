"""The wearables that can be simulated, by the name of their profile."""

from collections.abc import Mapping

from collector.simulator.firmware.cramp_node import CrampNode
from collector.simulator.firmware.firmware import Firmware
from collector.simulator.firmware.myo import Myo
from collector.simulator.firmware.npg_lite import NpgLite
from collector.simulator.firmware.umyo import UMyo

MODELS: Mapping[str, Firmware] = {"cramp-node": CrampNode(), "myo": Myo(), "umyo": UMyo(), "npg-lite": NpgLite()}
