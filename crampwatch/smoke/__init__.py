"""Whether a stack that has been started works as a whole: its parts, the dashboards' queries, an event's way."""
