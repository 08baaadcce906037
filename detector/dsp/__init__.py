"""Streaming signal blocks: no clock, no log, no input or output."""
