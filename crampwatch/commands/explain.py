"""`crampwatch explain`: why there was, or was not, an alert at a moment of a recording."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.console import Console

from crampwatch.commands.score import _detector_settings, _labels
from crampwatch.errors import UserError
from crampwatch.progress import progress

SHORTEST_SPAN_S, LONGEST_SPAN_S = 5.0, 600.0
"""Less than the rule itself looks at shows nothing; more than ten minutes on both sides can no longer be read."""
FORMATS = (".html", ".png")


def explain(
    recording: Path,
    *,
    at: str,
    span: Annotated[float, Parameter(validator=Number(gte=SHORTEST_SPAN_S, lte=LONGEST_SPAN_S))] = 60.0,
    channel: str | None = None,
    out: Annotated[Path | None, Parameter(name=("--out", "-o"))] = None,
    emg: str = "",
    acc: str = "",
    temp: str = "",
    config: Path | None = None,
) -> None:
    """Show what the detector saw at a moment of a recording, and which of its conditions held.

    The moment may be a cramp's, a candidate's or any other: then the page tells why nothing began, or why nobody was
    watching. The recording is judged anew by the rule and the settings of now, as `crampwatch score` would.

    Parameters
    ----------
    recording
        A journal, EDF, EDF+ or BDF file.
    at
        The time of day, like 02:13:12, by the wearer's clock (by the recorder's, in a file that knows no zone). With
        the date, like 2026-11-20T02:13:12, where a time comes twice.
    span
        How many seconds to show before and after.
    channel
        The EMG channel to show, in place of the one that decided.
    out
        The file to write; a page when it ends in .html, an image when it ends in .png. By default RECORDING.HHMMSS.html
        in the current folder.
    emg
        As for `score`, so that the same is judged: labels of the EMG signals.
    acc
        As for `score`: labels of the accelerometer's x, y and z.
    temp
        As for `score`: label of the temperature.
    config
        The settings file; its table [detector] changes parameters of the detection rule.
    """
    if out is not None and out.suffix.lower() not in FORMATS:
        raise UserError(f"{out}: is neither a page nor an image; let the name end in .html or .png")
    # Imported here: a mistyped option does not wait for matplotlib.
    from collector.contract.channel_roles import Choice
    from collector.contract.recording import duration_s
    from collector.contract.recordings import open_recording
    from detector.explain import BadMoment, UnknownChannel, headline, html, moment_ns, png
    from detector.explain import explain as explain_moment
    from detector.settings import DetectorSettings

    settings = _detector_settings(config) if config else DetectorSettings()
    opened = open_recording(recording, Choice(emg=_labels(emg), acc=_labels(acc), temp=_labels(temp)))
    length_s = duration_s(opened)
    try:
        t_ns = moment_ns(at, opened)
        with progress(Console(stderr=True, highlight=False), "explaining") as shown:
            explanation = explain_moment(
                opened, settings, t_ns, span, channel, lambda seconds: shown(min(1.0, seconds / length_s))
            )
    except (BadMoment, UnknownChannel) as error:
        raise UserError(str(error)) from error
    target = out or Path(f"{recording.stem}.{explanation.clock.local(t_ns):%H%M%S}.html")
    content = png(explanation) if target.suffix.lower() == ".png" else html(explanation).encode()
    try:
        target.write_bytes(content)
    except OSError as error:
        raise UserError(f"{target}: cannot be written ({error.strerror})") from error
    console = Console(highlight=False)
    console.print(f"{headline(explanation)}.", markup=False, soft_wrap=True)
    console.print(f"The explanation is in {target}.", markup=False, soft_wrap=True)
