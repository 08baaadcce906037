"""Everything at home at once: secrets, settings, and what containers or systemd are told."""
