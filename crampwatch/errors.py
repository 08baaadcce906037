"""Errors of the program's own that a person can mend."""


class UserError(Exception):
    """Something about the call or the settings; the text says what, and what to do next."""
