"""The machine that measured, and how busy it was with other things."""

import os

from benchmarks.cost.machine import machine


def machine_under_load() -> str:
    """The machine in words that name no host, with its load as the measurement began."""
    return f"{machine()} As it began, {os.getloadavg()[0]:.2f} processes were running or waiting to (load average)."
