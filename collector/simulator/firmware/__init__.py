"""What the simulated wearables run, written from the devices' published layouts and not from the decoder's profiles."""
