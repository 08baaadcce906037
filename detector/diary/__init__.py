"""What people say, what the alarm does and what was measured on the way, kept for ever."""
