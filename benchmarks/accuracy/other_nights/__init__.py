"""A second generator of simulated nights, unlike the product's own in form: it shows what holds beyond the latter.

Muscle is filtered noise or propagating fibre potentials instead of a pool of motor units; cramps grow, waver and end
by other laws; waits and gaps are heavy-tailed; the limb is a damped oscillator; the sensor is strapped on anyhow.
The ranges come from the same literature; where that only guesses, other plausible values are taken. All simulated.
"""

from benchmarks.accuracy.other_nights.files import write_other_night
from benchmarks.accuracy.other_nights.night import OtherNight, simulate_other_night
from benchmarks.accuracy.other_nights.spec import OtherSpec
from benchmarks.accuracy.other_nights.truth import CrampTruth, Interval, Truth

__all__ = ["CrampTruth", "Interval", "OtherNight", "OtherSpec", "Truth", "simulate_other_night", "write_other_night"]
