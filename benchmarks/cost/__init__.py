"""What the detector costs: processor time as ratios to one bare filter, and memory; one measurement to a module."""
