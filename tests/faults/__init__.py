"""Faults on purpose: a household with real parts, harmed while a night runs, and compared with the undisturbed night.

`make faults` runs all of it and writes docs/reference/reliability.md; the tests here are a short choice of the same.
"""
