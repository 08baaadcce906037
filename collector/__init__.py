"""Bluetooth in, MQTT out: the wearable's samples, journalled before they are published."""
