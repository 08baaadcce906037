"""Why the detector decided as it did at a moment: the same detector once more, with what it saw as a picture."""

from detector.explain.explanation import Explanation, UnknownChannel, explain
from detector.explain.moment import BadMoment, moment_ns
from detector.explain.page import html
from detector.explain.sheet import png
from detector.explain.verdict import headline

__all__ = ["BadMoment", "Explanation", "UnknownChannel", "explain", "headline", "html", "moment_ns", "png"]
