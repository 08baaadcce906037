"""`crampwatch doctor --device`: does the connection carry what the wearable sends?"""

import asyncio
import random
import re
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.devices.profile import Profile
from collector.simulator.memory_backend import memory_backend
from crampwatch.doctor.finding import Finding
from crampwatch.doctor.link import arrival_step_s, interval, mtu
from crampwatch.doctor.on_the_air import connection
from tests.support.chatty import NAME, PROFILES, Chatty

SOCK = PROFILES["sock"]


def arrivals(step_s: float, per_s: float, rng: random.Random, jitter_s: float = 0.001) -> Iterator[float]:
    """Ten seconds of packets made at any time, each of which waits for the next connection event."""
    for _ in range(round(10 * per_s)):
        made_s = rng.uniform(0, 10)
        yield (made_s // step_s + 1) * step_s + rng.uniform(0, jitter_s)


@given(
    st.integers(12, 240).map(lambda units: units * 1.25e-3),  # 15 to 300 ms
    st.sampled_from([15.0, 50.0, 100.0]),
    st.integers(0, 2**32),
)
def test_the_interval_is_found_from_arrivals(step_s: float, per_s: float, seed: int) -> None:
    found = arrival_step_s(sorted(arrivals(step_s, per_s, random.Random(seed))))
    assert found == pytest.approx(step_s, abs=1.3e-3)


@given(st.integers(0, 2**32))
def test_arrivals_without_a_step_have_none(seed: int) -> None:
    rng = random.Random(seed)
    assert arrival_step_s(sorted(rng.uniform(0, 10) for _ in range(100))) is None


def test_a_wearable_that_sends_less_often_than_the_interval_is_at_ease() -> None:
    told = interval([0.12 * k for k in range(80)])  # 118 samples a packet at 1 kHz, within a comb of 30 ms
    assert (told.state, "every 120 ms, 1.0 at a time" in told.says) == ("ok", True)


def test_too_few_packets_tell_nothing() -> None:
    assert interval([0.03 * k for k in range(20)]).state == "not asked"


@pytest.mark.parametrize(("link", "state"), [(247, "ok"), (178, "ok"), (177, "problem"), (None, "not asked")])
def test_packets_have_to_fit(link: int | None, state: str) -> None:
    npg_lite = msgspec.structs.replace(SOCK, device=msgspec.structs.replace(SOCK.device, min_mtu=178))
    assert mtu(npg_lite, link).state == state


class InBunches(Chatty):
    """Its packets wait for a connection event, 200 ms apart: 20 packets of five instants a second, four at a time."""

    bunch = 4

    def write(self, char: str, data: bytes) -> None:
        self._sending = asyncio.get_running_loop().create_task(self._send())

    async def _send(self) -> None:
        count = 0
        loop = asyncio.get_running_loop()
        began = loop.time()
        for event in range(100):
            await asyncio.sleep(began + 0.2 * event - loop.time())
            for _ in range(self.bunch):
                self.notify("ca1f0002-0000-4000-8000-000000000000", bytes([count % 256]) + 5 * b"\0\0")
                count += 5

    def disconnected(self) -> None:
        self._sending.cancel()


class InLargerBunches(InBunches):
    """Six at a time: more than one event takes."""

    bunch = 6


async def asked(device: Chatty, profile: Profile = SOCK, seconds: float = 2.3) -> dict[str, Finding]:
    found = await connection(NAME, {"sock": profile}, memory_backend([device]), seconds)
    return {finding.area: finding for finding in found}


async def test_a_good_link_is_ok_throughout() -> None:
    assert {area: it.state for area, it in (await asked(InBunches([]))).items()} == {
        "MTU": "ok",
        "interval": "ok",
        "stream emg": "ok",
    }


async def test_an_interval_that_is_too_long_for_the_rate_is_told_with_its_cure() -> None:
    told = (await asked(InLargerBunches([])))["interval"]
    # Every 200 ms in all; a busy machine delivers some a little later.
    assert re.search(r"too long for the rate: packets come every (19\d|20\d)(\.\d)? ms, [56]\.", told.says), told.says
    assert "MaxConnectionInterval" in told.cure


async def test_an_mtu_that_is_too_small_is_told_on_a_real_link() -> None:
    demanding = msgspec.structs.replace(SOCK, device=msgspec.structs.replace(SOCK.device, min_mtu=400))
    told = (await asked(Chatty([]), demanding, 0.05))["MTU"]
    assert (told.state, "need 400 bytes, the link has 247" in told.says) == ("problem", True)


@pytest.mark.parametrize(
    ("packets", "state", "says"),
    [
        ([], "problem", "nothing comes"),
        ([b"\x00"], "problem", "1 packet cannot be read"),
        ([bytes([k]) + b"\0\0" for k in range(0, 100, 2)], "warning", "49 lost"),
    ],
)
async def test_what_is_wrong_with_a_stream_is_told(packets: list[bytes], state: str, says: str) -> None:
    told = (await asked(Chatty(packets), seconds=0.05))["stream emg"]
    assert (told.state, says in told.says) == (state, True), told


async def test_a_running_collector_is_not_disturbed() -> None:
    device = Chatty([])
    device.held = True
    (told,) = (await asked(device)).values()
    assert (told.state, device.held) == ("not asked", True)


async def test_a_device_without_a_profile_is_told() -> None:
    (told,) = await connection(NAME, {}, memory_backend([Chatty([])]), 0.05)
    assert "no profile fits" in told.says


async def test_a_device_that_refuses_is_told_with_its_cure() -> None:
    device = Chatty([])
    device.fail_next_connects = 9
    (told,) = (await asked(device)).values()
    assert told.state == "problem"
    assert told.cure


async def test_a_link_that_is_lost_is_told() -> None:
    class Short(Chatty):
        def write(self, char: str, data: bytes) -> None:
            self.drop()

    assert "lost after 0.0 s" in (await asked(Short([])))["device"].says
