"""Where everything is put together: from the settings file to a running collector and detector."""

from functools import cache
from pathlib import Path

from collector.backend import Backend
from collector.contract.recordings import open_recording
from collector.contract.topics import place
from collector.night_session import journals
from collector.service import Collector
from collector.settings import CollectorSettings, DeviceSettings
from collector.simulator.memory_backend import memory_backend
from collector.simulator.playback import signals_of
from collector.simulator.virtual_wearable import VirtualWearable
from collector.time_source import DeviceTime
from crampwatch.config import Companion, Config, Sensor
from detector.service_settings import ServiceSettings
from detector.store import NightStore
from detector.store_schema import BadStore


def collector_settings(config: Config, sensor: Sensor) -> CollectorSettings:
    """What one sensor's collector needs to know."""
    return CollectorSettings(
        wearer=sensor.wearer,
        site=sensor.site,
        data_directory=config.directory,
        profile_directory=Path(config.profile_directory),
        timezone=config.timezone,
        device=device_settings(sensor, sensor.power_cycle_adapter),
        companions=tuple(device_settings(it, sensor.power_cycle_adapter) for it in sensor.companions),
        broker=config.named_broker.as_role("collector"),
        block_s=sensor.block_s,
        keep_nights=config.keep_nights,
        sharing_disk=len(config.sensors),
    )


def device_settings(device: Sensor | Companion, power_cycle: bool) -> DeviceSettings:
    """How to find one wearable, and what to take from it."""
    return DeviceSettings(
        profile=device.profile,
        name=device.name,
        address=device.address,
        adapter=device.adapter,
        streams=tuple(device.streams) if device.streams else None,
        power_cycle=power_cycle,
    )


def service_settings(config: Config) -> ServiceSettings:
    """What the detector's service needs to know."""
    detection = config.detection
    return ServiceSettings(
        commit_every_s=detection.commit_every_s,
        late_after_s=detection.late_after_s,
        clock=detection.clock,
        simulated=detection.simulated,
    )


@cache
def host_bluetooth() -> Backend:
    """The host's Bluetooth, one for the whole process: its collectors must not scan at the same time."""
    return Backend()


def live_collector(config: Config, sensor: Sensor) -> Collector:
    """A collector that listens to the radio."""
    return Collector(collector_settings(config, sensor), host_bluetooth())


def playing_collector(config: Config, sensor: Sensor, recording: Path) -> tuple[Collector, VirtualWearable]:
    """A collector of a virtual wearable that plays a recording, and that wearable.

    What has been played to its end before is not played again: the wearable is then switched off and `finished`.
    """
    played = open_recording(recording, place=place(sensor.wearer, sensor.site))
    settings = collector_settings(config, sensor)
    wearable = VirtualWearable(signals_of(played.blocks(60.0)), None if sensor.speed == "max" else sensor.speed)
    if _was_played(settings, played.start_ns):
        wearable.finished.set()
    air = [] if wearable.finished.is_set() else [wearable]
    collector = Collector(settings, memory_backend(air), DeviceTime(played.start_ns))
    wearable.room = collector.settled
    return collector, wearable


def everything_filed(config: Config) -> bool:
    """Whether the night store holds a session of every sensor, watched to its end."""
    try:
        with NightStore(config.store, read_only=True) as store:
            filed = {stored.info.place for stored in store.sessions() if stored.complete}
    except BadStore:  # the detector has not made it yet
        return False
    return filed >= {place(sensor.wearer, sensor.site) for sensor in config.sensors}


def _was_played(settings: CollectorSettings, start_ns: int) -> bool:
    """Whether a journal holds this recording's session to its end."""
    found = False
    for journal, _ in journals(settings):
        found |= journal.ended and journal.header.started_ns == start_ns
        journal.close()
    return found
