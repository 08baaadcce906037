"""The wearables' own buzz: what the alarm asks for reaches them at once or not at all, beside the samples."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

from collector.contract.messages import NS, Buzz
from collector.wearable import Wearable

log = logging.getLogger(__name__)

TOO_OLD_S = 5.0
"""The alarm's second ring comes 5 s after the first: what is older has been overtaken, or answered."""


class Buzzing:
    """Passes on what `ask` is given, as long as `serve` runs. `now_ns` is the time of day."""

    def __init__(self, wearables: Sequence[Wearable], now_ns: Callable[[], int] = time.time_ns) -> None:
        self._wearables = wearables
        self._now_ns = now_ns
        self._asked: asyncio.Queue[Buzz] = asyncio.Queue()
        self._loop: asyncio.AbstractEventLoop | None = None

    def ask(self, buzz: Buzz) -> None:
        """Have the wearables buzz. From any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._asked.put_nowait, buzz)

    async def serve(self) -> None:
        """Do what is asked, one after the other, until cancelled."""
        self._loop = asyncio.get_running_loop()
        while True:
            buzz = await self._asked.get()
            # Its age now, not when it came: a write before it may have hung.
            if self._is_fresh(buzz):
                for wearable in self._wearables:
                    await wearable.supervisor.buzz(buzz.kind)

    def _is_fresh(self, buzz: Buzz) -> bool:
        age_s = (self._now_ns() - buzz.t_ns) / NS
        if abs(age_s) <= TOO_OLD_S:
            return True
        # A time that lies ahead is as bad: kept by the broker, it would buzz at each start.
        log.warning(
            "No buzz: the alarm asked for it %.0f s %s; if that goes on, compare the clocks of the two computers",
            abs(age_s),
            "ago" if age_s > 0 else "ahead of this computer's clock",
        )
        return False
