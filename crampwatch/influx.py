"""The outbox put together from the settings; apart from the rest, so that its process loads nothing of the others."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from crampwatch.config import Config
from crampwatch.errors import UserError
from detector.sinks import outbox
from detector.sinks.outbox import Home, Source
from detector.sinks.settings import InfluxSettings
from detector.store_schema import BadStore

if TYPE_CHECKING:
    from detector.sinks.influx import InfluxSink

NO_CLIENT = "{name} is not installed; for InfluxDB, in the checkout: pip install '.[influx]'"
NO_INFLUX = "no InfluxDB is named: write its url, bucket and token_file under [influx] in the settings"


def influx_of(config: Config) -> InfluxSettings:
    """The InfluxDB of the settings; raises UserError when none is named."""
    if config.influx is None:
        raise UserError(NO_INFLUX)
    return config.influx


def influx_sink(settings: InfluxSettings) -> "InfluxSink":
    """The bucket, ready to be written; raises UserError without the client, or when the token cannot be read."""
    try:
        from detector.sinks.influx import InfluxSink
    except ModuleNotFoundError as error:
        raise UserError(NO_CLIENT.format(name=error.name)) from error
    try:
        return InfluxSink(settings)
    except OSError as error:
        raise UserError(f"{settings.token_file}: the token cannot be read ({error.strerror})") from error


@contextmanager
def at_home(config: Config) -> Iterator[Home]:
    """Night store and diary as points, and what the outbox remembers; raises UserError when there is no store yet."""
    destination = influx_of(config).name
    try:
        with outbox.opened(config.store, config.diary, config.zone, config.outbox, destination) as home:
            yield home
    except BadStore as error:
        raise UserError(str(error)) from error


@contextmanager
def opened(config: Config) -> Iterator[Source]:
    """The night store alone, and what the outbox remembers of it; raises UserError when there is no store yet."""
    with at_home(config) as home:
        yield home.sources[0]


def everything_sent(config: Config) -> bool:
    """Whether InfluxDB has all of the night store and the diary; raises UserError when it takes no points.

    Without one: True.
    """
    if config.influx is None:
        return True
    with at_home(config) as home:
        if trouble := home.night_state.trouble():
            raise UserError(f"InfluxDB takes no points: {trouble.reason}")
        return not any(source.waiting for source in home.sources)
