"""Before bed: is the sensor on well, does it see the muscle, will it last, and does the alarm wake."""
