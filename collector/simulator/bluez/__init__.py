"""A stand-in for BlueZ on a private D-Bus, so that bleak's own Linux backend can be run without a radio."""
