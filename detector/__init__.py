"""MQTT in, cramps out: recognises the sudden onset of a tonic contraction."""
