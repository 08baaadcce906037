"""The morning report: one night as a single page that needs no network, no scripts and no colour."""

from detector.report.context import NightContext, observe
from detector.report.page import render

__all__ = ["NightContext", "observe", "render"]
