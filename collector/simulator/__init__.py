"""A leg and a night that do not exist, with their truth, and a wearable that plays them."""

from collector.simulator.edf import write_night
from collector.simulator.night import Night, simulate_night
from collector.simulator.spec import NightSpec, Profile
from collector.simulator.truth import CrampTruth, Interval, Truth

__all__ = ["CrampTruth", "Interval", "Night", "NightSpec", "Profile", "Truth", "simulate_night", "write_night"]
