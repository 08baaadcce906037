"""Temperature for the record: means over the minutes of the clock, or as it was sent where it comes more slowly."""

import msgspec

from collector.contract.messages import NS, SampleBlock
from detector.temperature import MinuteMeans
from tests.support.blocks import START_NS, block

MINUTE = 60 * NS
EVERY_10_S = 0.1


def pushed(means: MinuteMeans, sent: SampleBlock) -> list[tuple[int, float]]:
    return [(t_ns, round(celsius, 9)) for t_ns, celsius in means.push(sent)]


def test_each_minute_is_the_mean_of_its_samples_and_stands_at_its_middle() -> None:
    rows = pushed(
        MinuteMeans(), block(0, "temp", samples=[3000, 3100, 3200, 3000, 3100, 3200, 3300, 3400], fs=EVERY_10_S)
    )
    assert rows == [(START_NS + MINUTE // 2, 31.0), (START_NS + 3 * MINUTE // 2, 33.5)]


def test_a_minute_cut_by_blocks_and_by_a_restart_comes_out_with_its_whole_mean() -> None:
    first = MinuteMeans()
    first.push(block(0, "temp", samples=[3000, 3100, 3200, 3000], fs=EVERY_10_S))
    second = msgspec.msgpack.decode(msgspec.msgpack.encode(first), type=MinuteMeans)
    rows = pushed(second, block(1, "temp", samples=[3100, 3200], first_index=4, fs=EVERY_10_S))
    assert rows == [(START_NS + MINUTE // 2, 31.0)]


def test_slower_than_a_minute_every_value_is_kept_with_its_time() -> None:
    rows = pushed(MinuteMeans(), block(0, "temp", samples=[3000, 3100], fs=1 / 300))
    assert rows == [(START_NS, 30.0), (START_NS + 5 * MINUTE, 31.0)]


def test_values_on_the_rails_are_no_temperatures() -> None:
    assert pushed(MinuteMeans(), block(0, "temp", samples=[32767, 3000, -32768], fs=EVERY_10_S)) == [
        (START_NS + MINUTE // 2, 30.0)
    ]
    assert pushed(MinuteMeans(), block(0, "temp", samples=[32767], fs=EVERY_10_S)) == []
