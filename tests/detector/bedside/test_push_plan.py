"""What a target is told of all that waits for it: what still holds, and of the rest one line."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.bedside.push_plan import Budget, Plan, plan
from detector.bedside.push_queue import PushNote, Settled, Waiting
from detector.catalogue.catalogue import load
from tests.detector.bedside.push_notes import alert, at, fault, over

PLENTY = 100


def waiting(*notes: PushNote, replaced: bool = False, told: bool = False) -> list[Waiting]:
    return [Waiting(row, note, replaced, told) for row, note in enumerate(notes, 1)]


def planned(notes: list[Waiting], limit: int = PLENTY, seconds: float = 0.0, spent: int = 0) -> Plan:
    budget = Budget(limit, [Settled(0, "phone", alert(), "delivered", at(0))] * spent)
    return plan(notes, limit, budget, at(seconds), load("en"))


def titles(ready: Plan) -> list[str]:
    return [message.title for message in ready.messages]


def test_what_holds_is_told_as_it_is_a_cramp_before_a_fault() -> None:
    ready = planned(waiting(fault("f1"), alert("e1")))
    assert titles(ready) == ["alert e1", "fault f1"]
    assert [(message.rows, message.outcome, message.quiet) for message in ready.messages] == [
        ((2,), "delivered", False),
        ((1,), "delivered", False),
    ]


def test_what_was_replaced_before_it_was_told_is_told_in_one_line_with_how_many_of_each_there_were() -> None:
    ready = planned(waiting(alert("e1"), fault("f1"), alert("e2"), replaced=True))
    (message,) = ready.messages
    assert message.text == (
        "While messages could not be sent: possible cramps 2, faults 1. Only what still holds is told."
    )
    assert (sorted(message.rows), message.outcome, message.quiet) == ([1, 2, 3], "summed up", True)


def test_an_alert_is_news_until_the_moment_it_names_and_a_fault_without_one_for_as_long_as_it_lasts() -> None:
    notes = waiting(alert("e1", good_until_ns=at(120)), fault("f1"))
    assert titles(planned(notes, seconds=119.9)) == ["alert e1", "fault f1"]
    assert titles(planned(notes, seconds=120)) == ["fault f1", "crampwatch"]


def test_a_follow_up_goes_quietly_to_whom_the_matter_was_told_and_to_nobody_else() -> None:
    (message,) = planned(waiting(over("e1"), told=True)).messages
    assert (message.title, message.quiet, message.outcome) == ("over e1", True, "delivered")
    assert planned(waiting(over("e1"))) == Plan([], [(1, "not needed")])


def test_the_last_note_within_the_limit_says_that_it_is_the_last_and_what_follows_is_not_told() -> None:
    ready = planned(waiting(alert("e1"), alert("e2"), alert("e3")), limit=2)
    first, second = (message.text for message in ready.messages)
    assert first == "Straighten your leg."
    assert second.startswith("Straighten your leg. This was message 2 of this night. Further ones are not sent before")
    assert ready.unsent == [(3, "over the limit")]


def test_what_was_told_earlier_in_the_night_counts_and_a_line_that_uses_up_the_rest_says_so() -> None:
    ready = planned(waiting(alert("e1"), alert("e2"), replaced=True), limit=12, spent=10)
    assert [message.text.endswith("the alarm itself goes on.") for message in ready.messages] == [True]
    assert planned(waiting(alert("e1")), limit=12, spent=12) == Plan([], [(1, "over the limit")])


@pytest.mark.parametrize("other", [fault("x"), alert("x", wearer="p2"), alert("x", site="right_calf")])
def test_the_limit_is_one_for_each_leg_and_each_kind_so_that_no_fault_uses_up_the_alerts(other: PushNote) -> None:
    assert titles(planned(waiting(other), limit=1, spent=1)) == [other.title]


def test_follow_ups_do_not_count() -> None:
    settled = [Settled(0, "phone", over(), "delivered", at(0))] * 5
    assert Budget(1, settled).take(alert()) == 1


notes = st.builds(
    Waiting,
    row=st.just(0),
    note=st.builds(
        alert,
        subject=st.sampled_from("abcd"),
        audience=st.sampled_from(["first", "told"]),
        kind=st.sampled_from(["cramp", "fault"]),
        wearer=st.sampled_from(["p1", "p2"]),
        good_until_ns=st.sampled_from([None, at(-1), at(1)]),
    ),
    replaced=st.booleans(),
    told=st.booleans(),
)


@settings(deadline=None)  # whatever else the machine does
@given(st.lists(notes, max_size=60), st.integers(1, 10))
def test_however_much_waits_each_note_is_settled_once_the_past_takes_one_line_and_the_limit_holds(
    mixed: list[Waiting], limit: int
) -> None:
    rows = [it._replace(row=row) for row, it in enumerate(mixed)]
    ready = planned(rows, limit)
    settled = [row for message in ready.messages for row in message.rows] + [row for row, _ in ready.unsent]
    assert sorted(settled) == list(range(len(rows)))
    assert sum(message.outcome == "summed up" for message in ready.messages) <= 1
    loud = [rows[row].note for message in ready.messages for row in message.rows if not rows[row].note.quiet]
    for wearer, kind in itertools.product(["p1", "p2"], ["cramp", "fault"]):
        assert sum((note.wearer, note.kind) == (wearer, kind) for note in loud) <= limit
