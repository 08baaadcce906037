"""Everything that comes from outside, and how much of a campaign each gets."""

from tests.fuzz import alarms, answers, messages, packets, recordings, stores, texts
from tests.fuzz.target import Target

LEAST = 10_000
"""Of a million: each kind gets as many, but for scoring and HTTP, which take tens of milliseconds each."""
MILLION = 1_000_000

TARGETS: tuple[Target, ...] = (
    Target("MQTT message", "a topic and a payload, into the codec", 0.362, 10_000, messages.messages),
    Target("BLE packet", "a notification, by every shipped profile and standard service", 0.4, 10_000, packets.packets),
    Target("MQTT to the detector", "between the messages of a night that is watched", 0.03, 1_000, messages.service),
    Target("MQTT to the alarm", "what it hears of others, and commands", 0.03, 1_000, alarms.bedside),
    Target("replay request", "MQTT to the collector's publisher", 0.02, 2_000, messages.replay),
    Target("EDF file", "EDF, EDF+ and BDF: opened, read through, read as truth", 0.03, 1_000, recordings.edf),
    Target("EDF scored", "the detector run over it", 0.0005, 100, recordings.score),
    Target("journal", "SQLite and its log: opened, read through, published", 0.015, 500, recordings.journal),
    Target("journal mended", "the same at the collector's start", 0.01, 500, recordings.repair),
    Target("settings file", "TOML", 0.0205, 1_000, texts.settings),
    Target("device profile", "TOML; what is accepted decodes packets", 0.02, 1_000, texts.profiles),
    Target("truth and events", "JSON and CSV, evaluated", 0.03, 1_000, texts.truths),
    Target("night store", "mended, reported, passed on, watched on with", 0.01, 250, stores.store),
    Target("outbox memory", "then everything is delivered all the same", 0.01, 500, stores.outbox),
    Target("backup", "restored whole or not at all", 0.01, 500, stores.archive),
    Target("HTTP answer", "of an InfluxDB to the outbox, through its client", 0.002, 200, answers.answers),
)
