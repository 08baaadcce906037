"""One module for each sub-command; loaded only when the command is used, so that `--help` answers at once."""
