"""What the Bluetooth SIG has standardised: temperatures that any device may have beside its own service."""

from collections.abc import Collection

from collector.devices.profile import Profile, Stream

POLL_S = 5.0
"""Skin temperature changes by hundredths of a degree in this time."""
ENVIRONMENTAL = Stream(
    kind="temp",
    char="00002a6e-0000-1000-8000-00805f9b34fb",
    frame=("i16 celsius",),
    field="celsius",
    lengths=(2,),
    # Read, not notified: devices notify this one when it changes, which tells no time.
    poll_s=POLL_S,
    rate_hz=1 / POLL_S,
    rate_tolerance=0.02,
    unit="degC",
    scale=0.01,
    names=("temperature",),
)
"""Temperature, 2A6E, of the Environmental Sensing service: hundredths of a degree; "unknown" is the lower rail."""
THERMOMETER = Stream(
    kind="temp",
    char="00002a1c-0000-1000-8000-00805f9b34fb",
    codec="ieee11073",
    quantum=0.01,
    # Indicated when the thermometer likes; once a second is what most do.
    rate_hz=1.0,
    rate_tolerance=0.2,
    unit="degC",
    scale=0.01,
    names=("temperature",),
)
"""Temperature Measurement, 2A1C, of the Health Thermometer service; it can only be indicated, not read."""


def with_standard_services(profile: Profile, present_chars: Collection[str]) -> tuple[Stream, ...]:
    """The profile's streams, and where none is a temperature, the standard one among the device's characteristics.

    The battery level, 2A19, is no stream: the link reads it of every device.
    """
    if any(stream.kind == "temp" for stream in profile.stream):
        return profile.stream
    standard = (stream for stream in (ENVIRONMENTAL, THERMOMETER) if stream.char in present_chars)
    return (*profile.stream, *list(standard)[:1])
