"""Switch a Bluetooth adapter off and on again, through BlueZ: what frees one whose firmware has hung."""

import asyncio

OFF_S = 1.0
"""A USB adapter needs a moment to lose its state."""


async def power_cycle(adapter: str | None) -> None:
    """Power-cycle this adapter, by default `hci0`; raises an error where there is no BlueZ or it refuses."""
    # Only Linux has it; bleak brings it along there.
    from dbus_fast import BusType, Message, MessageType, Variant
    from dbus_fast.aio import MessageBus

    bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
    try:
        for powered in (False, True):
            reply = await bus.call(
                Message(
                    destination="org.bluez",
                    path=f"/org/bluez/{adapter or 'hci0'}",
                    interface="org.freedesktop.DBus.Properties",
                    member="Set",
                    signature="ssv",
                    body=["org.bluez.Adapter1", "Powered", Variant("b", powered)],
                )
            )
            if reply is None or reply.message_type is MessageType.ERROR:
                raise OSError(f"BlueZ does not switch the adapter: {reply.body if reply else 'no answer'}")
            await asyncio.sleep(OFF_S)
    finally:
        bus.disconnect()
