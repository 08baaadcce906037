"""What disturbs a night, and how far the detector puts up with it, by simulation."""
