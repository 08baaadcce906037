"""Log lines: few, on standard error, each a sentence a person can act on."""

import logging

LINE = "%(asctime)s %(name)s: %(message)s"


def to_stderr() -> None:
    """Send the program's own log lines, from warnings on, to standard error."""
    logging.basicConfig(level=logging.WARNING, format=LINE, datefmt="%H:%M:%S")
