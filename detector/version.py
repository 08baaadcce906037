"""The version of the detection rule, kept apart from the program's: results with different versions do not compare."""

VERSION = "2"
