"""Whether the wearables of the settings are understood, and heard."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from collector.devices.profile import BadProfile, Profile, load_profile
from collector.wearable import shares
from crampwatch.config import Companion, Config, Sensor
from crampwatch.doctor.bluetooth import Radio
from crampwatch.doctor.finding import Finding
from crampwatch.radio.advertisements import Heard, fitting
from crampwatch.wiring import device_settings

WEAK_DBM = -85
"""Receivers of such adapters stop at about -95 dBm, and a leg or a blanket in the way costs 10 to 20 dB."""
NOT_HEARD = "is it switched on, charged and near? A phone that is connected to it hides it"


def sensors(config: Config, radios: Mapping[str | None, Radio]) -> list[Finding]:
    """One line for each wearable whose adapter works; those at an adapter that does not have their line already."""
    findings: list[Finding] = []
    for number, sensor in enumerate(config.sensors, start=1):
        blank = Finding(f"sensor {number}", "ok", "", about=f"{sensor.wearer} {sensor.site}")
        told = _told_by_settings(config, sensor, blank)
        if told is not None:
            findings.append(told)
            continue
        for device in devices_of(sensor):
            profile = load_profile(device.profile, Path(config.profile_directory))
            about = f"{blank.about}, {device.name or device.address or device.profile}"
            findings += _heard(device, profile, radios[device.adapter], blank._replace(about=about))
    return findings


def devices_of(sensor: Sensor) -> list[Sensor | Companion]:
    """The wearables of a sensor: its own and its companions."""
    return [sensor, *sensor.companions]


def _told_by_settings(config: Config, sensor: Sensor, blank: Finding) -> Finding | None:
    """What the settings alone tell of a sensor: that it plays a recording, or cannot work."""
    if sensor.recording is not None:
        if Path(sensor.recording).is_file():
            return blank._replace(says="plays a recording")
        return blank._replace(
            state="problem", says="the recording it is to play is not there", cure="correct `recording`"
        )
    try:
        devices = [device_settings(it, power_cycle=False) for it in devices_of(sensor)]
        shares([(it, load_profile(it.profile, Path(config.profile_directory))) for it in devices])
    except BadProfile as error:
        cure = "correct it; `crampwatch devices check` tells more"
        says, about = "a device profile cannot be used", f"{blank.about}: {error}"
        return blank._replace(state="problem", says=says, cure=cure, about=about)
    return None


def _heard(device: Sensor | Companion, profile: Profile, radio: Radio, blank: Finding) -> list[Finding]:
    if radio.connected:
        says = "a wearable is connected to this computer: a collector has it, or one that died has left it behind"
        cure = "if no crampwatch runs: systemctl restart bluetooth"
        return [blank._replace(state="warning", says=says, cure=cure)]
    if radio.heard is None:
        return []
    ours = [it for it in radio.heard if _is(it, device, profile)]
    if not ours:
        return [blank._replace(state="problem", says="not heard", cure=NOT_HEARD)]
    return [_strength(ours, blank)]


def _strength(ours: Sequence[Heard], blank: Finding) -> Finding:
    strongest = ours[0].rssi_dbm
    if len(ours) > 1:
        says = f"{len(ours)} devices fit; which one is taken is left to chance"
        return blank._replace(state="warning", says=says, cure="write the `name` or `address` of one under [[sensor]]")
    if strongest < WEAK_DBM:
        return blank._replace(
            state="warning", says=f"heard, but weakly: {strongest} dBm", cure="bring the adapter nearer"
        )
    return blank._replace(says=f"heard with {strongest} dBm")


def _is(heard: Heard, device: Sensor | Companion, profile: Profile) -> bool:
    if device.address is not None:
        return heard.address.lower() == device.address.lower()
    if device.name is not None:
        return heard.name == device.name
    return bool(fitting({device.profile: profile}, heard.name, heard.services))
