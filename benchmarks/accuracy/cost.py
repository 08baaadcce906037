"""Writes the cost of every rule; apart from the accuracy page, as it differs from machine to machine."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.accuracy import markdown
from benchmarks.accuracy.comparison import RuleResult


def write_cost(rules: Sequence[RuleResult], page: Path) -> None:
    """A table of accuracy and processor time, both over the same nights."""
    rows = [
        [
            rule.title,
            markdown.percent(rule.evaluation.sensitivity),
            markdown.rate(rule.evaluation.false_alarms_per_night),
            f"{rule.cpu_s:.2f}",
            f"{rule.cpu_s / rules[0].cpu_s:.1f}",
        ]
        for rule in rules
    ]
    header = ["rule", "found", "false alarms per 8 h", "CPU s per night of 8 h", "times ours"]
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(
        f"""# Accuracy and cost

<!-- Made by `make accuracy`; do not edit. -->

Processor seconds for one night of 8 h at 250 or 500 Hz, on the machine that made this page: they differ from run to
run and are no part of the reproducible [accuracy page](../accuracy.md), which tells what the rules are. Ours includes
reading the file, filtering and the accelerometer; the others' is their own work alone: they get the EMG read, filtered
and scaled.

{markdown.table(header, rows)}
"""
    )
