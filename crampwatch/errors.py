"""Errors of the program's own that a person can mend."""

USER_ERROR = 2
"""The exit code for what a person can mend: a wrong file, option or setting. Starting again would not help."""


class UserError(Exception):
    """Something about the call or the settings; the text says what, and what to do next."""
