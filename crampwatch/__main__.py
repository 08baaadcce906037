"""`python -m crampwatch` is the `crampwatch` command."""

from crampwatch.cli import main

main()
