"""A leg and a night that do not exist, with their truth, and a wearable that plays them.

`spec.NightSpec` says which night, `night.simulate_night` makes it, `edf.write_night` writes it. Nothing is imported
here: the in-memory Bluetooth in this package must not cost a collector the simulator's libraries.
"""
