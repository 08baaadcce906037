"""The `crampwatch` command: which sub-commands there are, and what happens when one fails."""

import sys
from collections.abc import Collection
from importlib.metadata import version

from cyclopts import App, CycloptsError, CycloptsPanel, UnknownCommandError, UnusedCliTokensError
from rich.console import Console, RenderableType

SUMMARY = """Watches for night leg cramps with a cheap wearable, at home, without a cloud.

Not a medical device: it may miss cramps and may alarm wrongly.
"""

TRY, RECORDINGS, NIGHTS, ALARM, WEARABLES = "Try it", "Recordings", "Nights", "Alarm and diary", "Wearables"

COMMANDS = {
    "demo": ("demo:demo", TRY, "A simulated night, from the wearable to the morning report."),
    "simulate": ("simulate:simulate", TRY, "Write simulated nights with their truth as EDF+ files."),
    "score": ("score:score", RECORDINGS, "Find cramps in recordings (EDF, EDF+, BDF or a journal)."),
    "explain": ("explain:explain", RECORDINGS, "Show why there was, or was not, an alert at a moment."),
    "evaluate": ("evaluate:evaluate", RECORDINGS, "Compare found cramps with the truth."),
    "replay": ("replay:replay", RECORDINGS, "Play a recording into a broker as if it were live."),
    "setup": ("setup:setup", NIGHTS, "Write settings, secrets and what containers or systemd need."),
    "night": ("night:night", NIGHTS, "Watch the night: collector, detector, alarm and what else the settings name."),
    "collect": ("collect:collect", NIGHTS, "Only the collector: from the wearable to the broker."),
    "detect": ("detect:detect", NIGHTS, "Only the detector: from the broker to the night store."),
    "report": ("report:report", NIGHTS, "Write the morning report of a night."),
    "outbox": ("outbox:app", NIGHTS, "Pass the nights on to an InfluxDB; show what waits and what was refused."),
    "backfill": ("backfill:backfill", NIGHTS, "Fill an InfluxDB from the night store, from the first night on."),
    "prune": ("prune:prune", NIGHTS, "Delete the samples of nights long past."),
    "clips": ("clips:clips", NIGHTS, "Keep the samples around alerts and verdicts for ever."),
    "broker": ("broker:app", NIGHTS, "Set up a mosquitto: users, access rights, queues that lose nothing, TLS."),
    "backup": ("backup:backup", NIGHTS, "Settings, night store and samples in one file, while all runs."),
    "restore": ("restore:restore", NIGHTS, "Check a backup and unpack it into a new folder."),
    "smoke": ("smoke:smoke", NIGHTS, "Say whether a running stack works, by a test event from MQTT to Grafana."),
    "alarm": ("alarm:app", ALARM, "Sound and tell what the detector finds and what is wrong; arm, disarm and test it."),
    "ack": ("ack:ack", ALARM, "Answer the alert."),
    "snooze": ("snooze:snooze", ALARM, "Let what sounds be quiet for some minutes."),
    "mute": ("mute:mute", ALARM, "Let nothing sound, at most until the next noon."),
    "verdict": ("verdict:verdict", ALARM, "Say what an event was: a cramp, not one, or not sure."),
    "diary": ("diary:app", ALARM, "List what was detected, felt and said in a night; note a cramp or the evening."),
    "serve": ("serve:serve", ALARM, "Serve a page for the phone beside the bed: see, answer, note."),
    "push": ("push:app", ALARM, "Tell phones of cramps and faults; test it; show what waits and what was not taken."),
    "preflight": ("preflight:preflight", ALARM, "Look before bed whether the night will be watched well."),
    "devices": ("devices:app", WEARABLES, "Which wearables are understood, near, and what they send."),
    "doctor": ("doctor:doctor", WEARABLES, "Say what is wrong with Bluetooth, sensors, broker, disk or clock."),
}
"""Name, where it is, its group in the help, and its line there."""

INTERRUPTED = 130
"""The shell's convention for a program ended by Ctrl-C: 128 and the number of SIGINT."""


def build(explained: Collection[str] = ()) -> App:
    """The command line; nothing of a sub-command is imported yet.

    The overview shows the lines above. The sub-commands in `explained` show their docstring instead, for which they
    have to be imported: that is for their own help.
    """
    app = App(
        "crampwatch",
        help=SUMMARY,
        version=lambda: version("crampwatch"),
        help_format="markdown",
        error_formatter=_panel,
    )
    for name, (where, group, line) in COMMANDS.items():
        app.command(f"crampwatch.commands.{where}", name=name, group=group, help=None if name in explained else line)
    return app


def _panel(error: CycloptsError) -> RenderableType:
    """What is wrong with a call; a word too many after `crampwatch alarm` is a sub-command that was misspelt."""
    if isinstance(error, UnusedCliTokensError) and error.app is not None and any(_sub_commands(error.app)):
        error = UnknownCommandError(app=error.app, unused_tokens=error.unused_tokens, verbose=error.verbose)
    return CycloptsPanel(error)


def _sub_commands(app: App) -> list[str]:
    return [name for name in app if not name.startswith("-")]


def main() -> None:
    """Run the command line; errors a person can mend end in one line and exit code 2."""
    from collector.contract.errors import ContractError
    from crampwatch.errors import USER_ERROR, UserError

    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        result = build(explained=sys.argv[1:2])()
    except (ContractError, UserError) as error:
        errors.print(f"crampwatch: {error}", markup=False)
        sys.exit(USER_ERROR)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    sys.exit(result if isinstance(result, int) else 0)
