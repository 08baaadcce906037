"""The wire and the recording: everything the collector and the detector agree on."""
