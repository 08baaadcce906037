"""What is due is done, each thing at its own pace."""

import pytest

from collector.chores import Chore, Chores
from collector.contract.messages import NS


async def test_each_chore_is_done_at_once_and_then_at_its_own_pace() -> None:
    done: list[tuple[str, int]] = []
    now_s = 0

    async def battery() -> None:
        done.append(("battery", now_s))

    async def keep_alive() -> None:
        done.append(("keep alive", now_s))

    chores = Chores([Chore(30, battery), Chore(10, keep_alive)])
    for now_s in range(35):
        await chores.do_due(now_s * NS)
    assert [at_s for what, at_s in done if what == "battery"] == [0, 30]
    assert [at_s for what, at_s in done if what == "keep alive"] == [0, 10, 20, 30]


async def test_what_a_chore_raises_is_for_the_caller() -> None:
    async def fails() -> None:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        await Chores([Chore(1, fails)]).do_due(0)
