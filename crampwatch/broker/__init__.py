"""A mosquitto that is ready for crampwatch: its configuration, users, access rights and certificates."""
