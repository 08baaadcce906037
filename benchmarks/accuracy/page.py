"""Writes docs/reference/accuracy.md and its plots. Nothing in them but what follows from seeds and sources."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.accuracy import figures, markdown, nights, plots
from benchmarks.accuracy.comparison import RuleResult
from benchmarks.accuracy.fingerprint import fingerprint
from benchmarks.accuracy.recordings import RealRecording
from benchmarks.accuracy.run import Outcome
from benchmarks.accuracy.targets import TARGETS, Measurement, Tiers
from benchmarks.accuracy.variants import waits
from detector.confidence import Estimate
from detector.settings import DetectorSettings

PLOTS = "accuracy"
WAITED = frozenset(variant.name for variant in waits())
VERDICTS = {True: "met", False: "**missed**", None: "not measured"}


class Results(NamedTuple):
    """Everything the page is made of; variants by name, the complete rule first. `waits`: of both generators."""

    first: Tiers
    second: Tiers
    strengths: Tiers
    ablations: Mapping[str, Tiers]
    waits: Mapping[str, tuple[Tiers, Tiers]]
    rules: Sequence[RuleResult]
    recordings: Sequence[RealRecording]


def write_page(results: Results, page: Path, note: str = "") -> None:
    """Write the page, with a note above it if there is one, and in a folder beside it its plots."""
    draw(results, page.parent / PLOTS)
    sections = (
        introduction(),
        against_targets(results),
        by_tier(results),
        timing(),
        by_imitator(results),
        strength(results),
        ablation(results),
        trade_off(results),
        other_rules(results),
        real_recordings(results),
    )
    page.write_text("\n\n".join(filter(None, (note, *sections))) + "\n")


def draw(results: Results, folder: Path) -> None:
    """All plots."""
    settings = DetectorSettings()
    for name, tiers in (("first", results.first), ("second", results.second)):
        found = {cls.name: figures.errors(_all(tiers), cls.holds) for cls in figures.CLASSES}
        targets_s = (settings.confirm_asleep_s, settings.confirm_awake_s)
        plots.plot_latency(found, targets_s, folder / f"latency-{name}.svg")
        plots.plot_errors(found, folder / f"errors-{name}.svg")
    curve = {float(ratio): figures.overall(outcomes).sensitivity for ratio, outcomes in results.strengths.items()}
    plots.plot_strength(curve, settings.on_ratio, folder / "strength.svg")
    plots.plot_ablation({name: _estimates(tiers) for name, tiers in results.ablations.items()}, folder / "ablation.svg")


def introduction() -> str:
    """What the figures are, and what they are not."""
    settings = DetectorSettings()
    return f"""# Accuracy

<!-- Made by `make accuracy`; do not edit. -->

This page is about {fingerprint()}.

**All nights here are simulated. These figures are not clinical performance.** No public recording of a calf cramp was
found; what the simulation assumes, and on what evidence, is told with the simulator. The figures say how the rule fares
if cramps and movements are as assumed, and which of its parts that depends on.

- *Reporting set*, {len(nights.REPORTING)} nights of 8 h on which nothing was tuned: {_listed(nights.FIRST_TIERS)} of
  the product's simulator (first generator, seeds from {nights.FIRST_SEED + 1}), and {_listed(nights.SECOND_TIERS)} of a
  generator that shares no code with it and differs in form (second generator, seeds from {nights.SECOND_SEED + 1}).
  EMG at {", ".join(f"{rate:g}" for rate in nights.RATES)} Hz in turn, in the second also at {nights.ODD_RATE:g} Hz.
- *Tuning set*, {len(nights.TUNING)} half nights of the first generator (seeds from {nights.TUNING_SEED + 1}), for
  choosing the thresholds of the other rules below. Our own rule was tuned on other nights of both generators, all with
  seeds below {nights.TUNING_SEED}.
- Every night is scored by the code of `crampwatch score` and compared by that of `crampwatch evaluate`. Cramps shorter
  than the {settings.confirm_asleep_s:g} s it takes to confirm one are left out of the shares. Brackets hold 95 %
  intervals: Wilson's for shares, exact Poisson ones for rates.
- "Frequent cramps" and "weak cramps" nights have {nights.FREQUENT_CRAMPS} and {nights.WEAK_CRAMPS} cramps
  each, which nobody has; they serve to count cramps, not false alarms."""


def against_targets(results: Results) -> str:
    """The targets of the project, both generators beside each other."""
    rows = []
    for target in TARGETS:
        first, second = target.measure(results.first), target.measure(results.second)
        rows.append([target.what, target.wanted, *_judged(first), *_judged(second)])
    header = ["what", "target", "first generator", "", "second generator", ""]
    return f"""## Targets

The shares count cramps of all tiers with an accelerometer. "Met" compares the value, not its interval, with the target.

{markdown.table(header, rows)}"""


def by_tier(results: Results) -> str:
    """Each tier's figures."""
    header = [
        "tier",
        "nights",
        "cramps",
        "found",
        "precision",
        "false alarms per 8 h",
        "onset error, s",
        "alert after onset, s",
        "duration error, s",
        "missed unwatched",
    ]
    rows = [_tier_row(f"first, {tier}", outcomes) for tier, outcomes in results.first.items()]
    rows += [_tier_row(f"second, {tier}", outcomes) for tier, outcomes in results.second.items()]
    return f"""## By tier

All cramps of {DetectorSettings().confirm_asleep_s:g} s and longer, whatever their strength. Seconds are median / 95th
percentile. "Missed unwatched": cramps missed while the electrode was off or data were missing.

{markdown.table(header, rows)}"""


def timing() -> str:
    """The distributions behind the medians."""
    return f"""## Latency and errors

Dashed: how long a contraction has to last when the leg lay still before, and when it had moved shortly before.

![Latency, first generator]({PLOTS}/latency-first.svg)
![Latency, second generator]({PLOTS}/latency-second.svg)
![Onset and duration errors, first generator]({PLOTS}/errors-first.svg)
![Onset and duration errors, second generator]({PLOTS}/errors-second.svg)"""


def by_imitator(results: Results) -> str:
    """How often what might be taken for a cramp was."""
    first, second = (figures.overall(_all(tiers)) for tiers in (results.first, results.second))
    kinds = sorted(first.imitators.keys() | second.imitators.keys())
    rows = []
    for kind in kinds:
        row = [kind.replace("_", " ")]
        for evaluation in (first, second):
            tally = evaluation.imitators.get(kind)
            row += [markdown.tally(tally), markdown.percent(tally.share)] if tally else ["", ""]
        rows.append(row)
    header = ["confounder or artefact", "first generator", "share", "second generator", "share"]
    return f"""## What was taken for a cramp

Confounders and artefacts during which a false alarm was raised, by whatever it was caused: long artefacts (mains hums
for up to an hour) also cover alarms that a movement raised meanwhile.

{markdown.table(header, rows)}

False alarms by what they overlap longest: first generator {_causes(first.false_alarm_causes)}; second generator
{_causes(second.false_alarm_causes)}."""


def strength(results: Results) -> str:
    """The curve, and its figures as a table."""
    rows = []
    for ratio, outcomes in results.strengths.items():
        evaluation = figures.overall(outcomes)
        total = evaluation.true_positives + evaluation.false_negatives
        rows.append(
            [ratio, str(total), markdown.percent(evaluation.sensitivity), markdown.spread(evaluation.latency_s)]
        )
    header = ["cramp RMS / resting RMS", "cramps", "found", "alert after onset, s"]
    return f"""## How strong a cramp has to be

Cramps of exactly the stated strength on a leg that otherwise does nothing (first generator): {nights.WEARERS} wearers,
the same at every strength. Dashed: the onset threshold.

![Sensitivity by strength]({PLOTS}/strength.svg)

{markdown.table(header, rows)}"""


def ablation(results: Results) -> str:
    """What each part of the rule is worth."""
    header = ["rule", *(cls.name for cls in figures.CLASSES), "healthy", "restless", "artefacts", "all"]
    rows = [_ablation_row(name, tiers) for name, tiers in results.ablations.items()]
    return f"""## What each part is worth

The rule with one part taken out, on every third night of the first generator ({len(nights.ABLATION)} nights). First
the cramps found of each class (16 s or longer), then false alarms per 8 h watched.

{markdown.table(header, rows)}

![Sensitivity and false alarms without each part]({PLOTS}/ablation.svg)"""


def trade_off(results: Results) -> str:
    """What an earlier or a later alert would cost."""
    settings = DetectorSettings()
    header = ["a sleeper's wait", "generator", "asleep", "early woken", "healthy", "restless", "alert after onset, s"]
    rows = [
        _wait_row(name if name in WAITED else f"{settings.confirm_asleep_s:g} s, as shipped", generator, tiers)
        for name, both in results.waits.items()
        for generator, tiers in zip(("first", "second"), both, strict=True)
    ]
    return f"""## Sooner or later

The alert is the end of a wait, and the wait is what tells a cramp from a stretch or a held posture: nothing else that a
leg at rest shows does. Cramps found (16 s or longer, 3.5 x rest or more), false alarms per 8 h watched, and the time
from true onset to the alert of sleepers, for other waits on {len(nights.WAITING)} nights of the reporting set. Who has
just moved waits at least {settings.confirm_awake_s:g} s, whose leg jerked at the onset at least
{settings.confirm_moved_s:g} s.

{markdown.table(header, rows)}"""


def other_rules(results: Results) -> str:
    """Published onset detectors and plain rules beside ours."""
    rows = [
        [
            rule.title,
            rule.tuned,
            markdown.percent(rule.evaluation.sensitivity),
            markdown.percent(rule.evaluation.precision),
            markdown.rate(rule.evaluation.false_alarms_per_night),
            markdown.spread(rule.evaluation.latency_s),
        ]
        for rule in results.rules
    ]
    header = ["rule", "tuned to", "found", "precision", "false alarms per 8 h", "alert after onset, s"]
    return f"""## Beside other rules

The same {len(nights.PEERS)} nights of the reporting set for all (at {" and ".join(f"{r:g}" for r in nights.PEER_RATES)}
Hz, as some of the others take minutes of processor time a night); all cramps of
{DetectorSettings().confirm_asleep_s:g} s and longer. Their cost stands in [cost.md]({PLOTS}/cost.md).

Every other rule sees activity in the EMG, and an alarm is activity held for some seconds. Threshold, duration and the
pause that is bridged were chosen together for the best F1 on the tuning set. The published methods are onset
detectors, not cramp detectors: they answer another question, and look neither at the accelerometer nor at the
electrode. They get the EMG band-passed as ours is, in multiples of each half hour's resting RMS (which spares them the
drift of the floor), in windows of half an hour; NeuroKit2 gets the RMS envelope at 4 Hz. Not run: BioSPPy's solnik,
which never resets its counts of active and inactive samples and so sees long activity in plain noise; for their cost
BioSPPy's londral and abbink (one to two minutes a night at 250 Hz, far more at 500) and NeuroKit2's biosppy and pelt
(minutes to hours).

{markdown.table(header, rows)}"""


def real_recordings(results: Results) -> str:
    """Recordings of people; no cramp among them."""
    scored = [recording for recording in results.recordings if not recording.refused]
    rows = [
        [r.name, f"{r.fs:g}", f"{r.duration_s:.1f}", f"{r.watched_s:.1f}", str(r.confirmed), str(r.candidates)]
        for r in scored
    ]
    header = ["recording", "EMG, Hz", "length, s", "watched, s", "confirmed", "candidates"]
    refused = "\n".join(f"- {r.name}: {r.refused}" for r in results.recordings if r.refused)
    return f"""## Real recordings

Muscle signals of people, none with a cramp: every confirmation is a false alarm. They are short; they show that real
signals pass through, not how many false alarms a night has. Confirmed in all: {sum(r.confirmed for r in scored)}.

{markdown.table(header, rows)}""" + (f"\n\nNot scored:\n\n{refused}" if refused else "")


def _tier_row(name: str, outcomes: Sequence[Outcome]) -> list[str]:
    evaluation = figures.overall(outcomes)
    return [
        name,
        str(evaluation.recordings),
        str(evaluation.true_positives + evaluation.false_negatives),
        markdown.percent(evaluation.sensitivity),
        markdown.percent(evaluation.precision),
        markdown.rate(evaluation.false_alarms_per_night),
        markdown.spread(evaluation.onset_error_s),
        markdown.spread(evaluation.latency_s),
        markdown.spread(evaluation.duration_error_s),
        str(evaluation.missed_while_not_watched),
    ]


def _ablation_row(name: str, tiers: Tiers) -> list[str]:
    shares = (figures.of_class(_all(tiers), cls.holds).sensitivity for cls in figures.CLASSES)
    healthy = [*tiers.get(nights.HEALTHY, ()), *tiers.get(nights.EMPTY, ())]
    groups = (healthy, tiers.get(nights.RESTLESS, ()), tiers.get(nights.ARTEFACTS, ()), _all(tiers))
    rates = (figures.overall(outcomes).false_alarms_per_night for outcomes in groups)
    return [name, *map(markdown.percent, shares), *map(markdown.rate, rates)]


def _wait_row(wait: str, generator: str, tiers: Tiers) -> list[str]:
    asleep, woken = (figures.of_class(_all(tiers), cls.holds) for cls in (figures.ASLEEP, figures.QUICK_WAKE))
    healthy = figures.overall([*tiers.get(nights.HEALTHY, ()), *tiers.get(nights.EMPTY, ())])
    restless = figures.overall(tiers.get(nights.RESTLESS, ()))
    return [
        wait,
        generator,
        markdown.percent(asleep.sensitivity),
        markdown.percent(woken.sensitivity),
        markdown.rate(healthy.false_alarms_per_night),
        markdown.rate(restless.false_alarms_per_night),
        markdown.spread(asleep.latency_s),
    ]


def _estimates(tiers: Tiers) -> tuple[Estimate, Estimate]:
    evaluation = figures.overall(_all(tiers))
    return evaluation.sensitivity, evaluation.false_alarms_per_night


def _judged(measurement: Measurement) -> tuple[str, str]:
    return measurement.text, VERDICTS[measurement.met]


def _all(tiers: Tiers) -> list[Outcome]:
    return [outcome for outcomes in tiers.values() for outcome in outcomes]


def _listed(tiers: Iterable[nights.Tier]) -> str:
    return ", ".join(f"{tier.nights} {tier.name}" for tier in tiers)


def _causes(causes: Mapping[str, int]) -> str:
    return ", ".join(f"{kind.replace('_', ' ')} {count}" for kind, count in causes.items()) or "had none"
