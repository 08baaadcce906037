"""Where nights go besides the night store."""
