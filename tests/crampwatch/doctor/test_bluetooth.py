"""`crampwatch doctor` about Bluetooth: each cause is really there, behind bleak's own Linux backend."""

from pathlib import Path

import pytest

from collector.backend import Backend
from collector.devices.profile import load_profile
from collector.simulator.bluez import private_bus
from collector.simulator.bluez.private_bus import PrivateBus
from collector.simulator.bluez.stand_in import BlueZStandIn
from collector.simulator.virtual_wearable import VirtualWearable
from crampwatch.config import Companion, Config, Sensor
from crampwatch.doctor.bluetooth import Radio, bluez, bluez_version, radio
from crampwatch.doctor.finding import Finding
from crampwatch.doctor.on_the_air import bluetooth_and_sensors
from crampwatch.doctor.sensors import sensors
from crampwatch.radio import advertisements
from tests.support.wearables import ramp

NODE = {"cramp-node": load_profile("cramp-node")}
LISTEN_S = 0.2


async def bluetooth(adapter: str | None = None) -> Finding:
    return (await radio(LISTEN_S, NODE, Backend(), adapter)).finding


def assert_problem(finding: Finding, what: str, cure: str) -> None:
    assert (finding.state, what in finding.says, cure in finding.cure) == ("problem", True, True), finding


async def test_no_dbus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/nobody")
    assert_problem(await bluetooth(), "no D-Bus", "mount /run/dbus")


async def test_without_bluetooth_there_is_one_line_about_it_even_with_sensors(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/nobody")
    config = Config(sensors=[Sensor(wearer="w1", site=site, adapter=f"hci{site[-1]}") for site in ("calf0", "calf1")])
    (line,) = await bluetooth_and_sensors(config, NODE, Backend(), LISTEN_S)
    assert line.area == "Bluetooth"


async def test_no_bluetoothd(bus: PrivateBus) -> None:
    assert_problem(await bluetooth(), "bluetoothd does not run", "systemctl enable --now bluetooth")


async def test_no_permission(bus: PrivateBus, monkeypatch: pytest.MonkeyPatch) -> None:
    bus.kill()
    denied = private_bus.CONFIGURATION.replace("</policy>", '<deny send_destination="org.bluez"/></policy>')
    monkeypatch.setattr(private_bus, "CONFIGURATION", denied)
    bus.start()
    async with BlueZStandIn(bus.address, []):
        assert_problem(await bluetooth(), "this user may not use Bluetooth", "group bluetooth")


async def test_the_adapter_is_off(bus: PrivateBus) -> None:
    async with BlueZStandIn(bus.address, []) as bluez_stand_in:
        bluez_stand_in.adapter.power(False)
        assert_problem(await bluetooth(), "No powered Bluetooth adapters", "bluetoothctl power on")
        assert_problem(await bluetooth("hci0"), "the Bluetooth adapter is off", "bluetoothctl power on")


async def test_an_adapter_that_is_not_there(bus: PrivateBus) -> None:
    async with BlueZStandIn(bus.address, []):
        assert_problem(await bluetooth("hci7"), "no adapter hci7", "without `adapter`")


async def test_bluetoothd_hangs(bus: PrivateBus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(advertisements, "HUNG_S", 0.2)
    async with BlueZStandIn(bus.address, []) as bluez_stand_in:
        bluez_stand_in.hang()
        assert_problem(await bluetooth(), "did not answer in time", "restart the bluetooth service")


async def on_the_air(bus: PrivateBus, air: list[VirtualWearable], *sensors: Sensor) -> dict[str, Finding]:
    async with BlueZStandIn(bus.address, air):
        found = await bluetooth_and_sensors(Config(sensors=list(sensors)), NODE, Backend(), LISTEN_S)
    return {finding.area: finding for finding in found}


def node(name: str = "cramp-node 7", address: str = "C4:11:22:33:44:55") -> VirtualWearable:
    return VirtualWearable(ramp(5), name=name, address=address)


async def test_a_sensor_that_advertises_is_heard(bus: PrivateBus) -> None:
    found = await on_the_air(bus, [node()], Sensor(wearer="w1", site="left_calf"))
    assert found["Bluetooth"].state == "ok"
    assert found["sensor 1"][1:3] == ("ok", "heard with -55 dBm")


async def test_a_sensor_that_is_off_or_taken_by_a_phone_is_not_heard(bus: PrivateBus) -> None:
    away = Sensor(wearer="w1", site="left_calf", name="cramp-node 8")
    found = await on_the_air(bus, [node()], away)
    assert_problem(found["sensor 1"], "not heard", "A phone that is connected to it hides it")


async def test_two_wearables_that_fit_one_sensor_are_told_apart_by_the_cure(bus: PrivateBus) -> None:
    two = [node(), node("cramp-node 8", "C4:11:22:33:44:66")]
    found = await on_the_air(bus, two, Sensor(wearer="w1", site="left_calf"))
    assert (found["sensor 1"].state, "[[sensor]]" in found["sensor 1"].cure) == ("warning", True)
    by_address = Sensor(wearer="w1", site="left_calf", address="c4:11:22:33:44:66")
    assert (await on_the_air(bus, two, by_address))["sensor 1"].state == "ok"


async def test_a_wearable_that_is_connected_is_left_alone_and_said_to_be(bus: PrivateBus) -> None:
    held = node()
    held.held = True
    async with BlueZStandIn(bus.address, [held]):
        config = Config(sensors=[Sensor(wearer="w1", site="left_calf")])
        found = {it.area: it for it in await bluetooth_and_sensors(config, NODE, Backend(), LISTEN_S)}
        assert held.connected
    assert "not scanned" in found["Bluetooth"].says
    assert (found["sensor 1"].state, "connected to this computer" in found["sensor 1"].says) == ("warning", True)


async def test_a_sensor_that_plays_a_recording_needs_no_bluetooth(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/nobody")
    recordings = [Sensor(wearer="w1", site=it, recording=str(tmp_path / it)) for it in ("left", "right")]
    (tmp_path / "left").touch()
    found = await bluetooth_and_sensors(Config(sensors=recordings), NODE, Backend(), LISTEN_S)
    assert [finding.state for finding in found] == ["not asked", "ok", "problem"]


async def test_a_profile_that_cannot_be_used_is_a_problem_of_its_sensor() -> None:
    wrong = Sensor(wearer="w1", site="left_calf", profile="cramp-nod")
    needless = Sensor(wearer="w1", site="right_calf", companions=[Companion(profile="cramp-node")])
    found = sensors(Config(sensors=[wrong, needless]), {None: Radio(Finding("Bluetooth", "ok", "works"), heard=[])})
    assert [(it.area, it.state) for it in found] == [("sensor 1", "problem"), ("sensor 2", "problem")]
    assert "cramp-nod" in found[0].about


@pytest.mark.parametrize(
    ("version", "state"), [("5.50", "problem"), ("5.54", "problem"), ("5.55", "warning"), ("5.66", "ok")]
)
async def test_the_version_of_bluez_is_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, state: str
) -> None:
    program = tmp_path / "bluetoothctl"
    program.write_text(f"#!/bin/sh\necho 'bluetoothctl: {version}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert bluez(bluez_version()).state == state


def test_without_bluetoothctl_the_version_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert bluez(bluez_version()).state == "not asked"
