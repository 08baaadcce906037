"""What is on the air, for a person to look at: advertisements, a device's packets, and packets kept in a file."""
