"""Wearables as data: one profile each, and the few codecs that a layout cannot express."""
