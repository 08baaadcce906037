"""An adapter that hangs is switched off and on through BlueZ, here its stand-in on a private D-Bus."""

import pytest

from collector import adapter_power
from collector.adapter_power import power_cycle
from collector.simulator.bluez.private_bus import PrivateBus
from collector.simulator.bluez.stand_in import BlueZStandIn
from collector.simulator.virtual_wearable import VirtualWearable
from tests.support.bluez import bus, connected
from tests.support.wearables import ramp

__all__ = ["bus"]


@pytest.fixture(autouse=True)
def _without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter_power, "OFF_S", 0.0)


async def test_a_power_cycle_ends_every_link_and_leaves_the_adapter_on(bus: PrivateBus) -> None:
    wearable = VirtualWearable(ramp(60))
    async with BlueZStandIn(bus.address, [wearable], "hci1") as bluez, connected("cramp-node virtual"):
        assert wearable.connected
        await power_cycle("hci1")
        assert bluez.adapter.powered
        assert not wearable.connected


async def test_an_adapter_that_is_not_there_is_told(bus: PrivateBus) -> None:
    async with BlueZStandIn(bus.address, [], "hci1"):
        with pytest.raises(OSError, match="does not switch the adapter"):
            await power_cycle("hci7")
