"""What a night takes on disk, and how long a night's backlog takes to the broker."""
