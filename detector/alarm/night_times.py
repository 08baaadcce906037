"""When the night and the evening come, by the wearer's wall clock."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from collector.contract.messages import NS
from collector.contract.nights import bounds_ns, night_of


def next_noon_ns(now_ns: int, zone: ZoneInfo) -> int:
    """The end of the night that `now_ns` belongs to."""
    return bounds_ns(night_of(now_ns, zone), zone)[1]


def next_time_ns(now_ns: int, hhmm: str, zone: ZoneInfo) -> int:
    """The next moment after `now_ns` at which the wall clock shows `hhmm`."""
    hour, minute = map(int, hhmm.split(":"))
    today = datetime.fromtimestamp(now_ns // NS, zone).replace(hour=hour, minute=minute, second=0, fold=0)
    # The same wall time of tomorrow may be 23 h or 25 h away, so it is dated anew.
    moments = (round((today + timedelta(days=day)).timestamp()) * NS for day in (0, 1))
    return next(moment for moment in moments if moment > now_ns)
