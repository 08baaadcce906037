"""The machine that measured, in words that name no host."""

import os
import platform
from pathlib import Path

import numpy as np
import scipy

CPU_INFO = Path("/proc/cpuinfo")


def machine() -> str:
    """Processor, system and versions, in a sentence."""
    system = f"{platform.system()} on {platform.machine()}"
    versions = f"Python {platform.python_version()}, numpy {np.__version__}, scipy {scipy.__version__}"
    return f"{processor()}, {os.cpu_count()} cores, {system}; {versions}."


def processor() -> str:
    """The processor's model as the system tells it."""
    lines = CPU_INFO.read_text().splitlines() if CPU_INFO.is_file() else []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor() or "an unknown processor")
