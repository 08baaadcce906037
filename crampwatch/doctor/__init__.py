"""What may keep a night from being watched: each cause by its name, with its cure. One module for each area."""
