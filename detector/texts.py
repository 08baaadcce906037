"""Every sentence the detector says aloud, in one place, for whoever translates them."""

from detector.catalogue import load
from detector.events import Event
from detector.muscles import alert_sentence

_ENGLISH = load("en")
"""The detector speaks English to whatever passes its messages on; the bedside speaks the household's language."""
WATCHING = "Watching."
CANDIDATE = "The muscle has tightened; watching whether it stays so."
LATE = "Not watching: the data are more than two minutes old. What they hold is filed without an alert."
OFFLINE = "Not watching: no data arrive from the wearable's collector. Check that it is switched on and in reach."
ENDED = "Not watching: the recording has ended."
CLOCKS_DIFFER = (
    "the clock of the collector of %s/%s is off ours by %+.0f s; alerts come in time all the same, and the report has "
    "the collector's times. Have a time server set both clocks: timedatectl set-ntp true"
)
DISK_REFUSES = (
    "The night store takes nothing ({}): alerts are given all the same, the curves wait in memory. "
    "Make room: delete other files, or old nights with `crampwatch prune --keep-nights 3`"
)
STOPPED = "Not watching: the detector was stopped."


def alert(event: Event) -> str:
    """What to do, for someone who has just been woken; the seconds are those from onset to alert."""
    seconds = ((event.alerted_ns or event.suspected_ns) - event.onset_ns) / 1e9
    return alert_sentence(event.site, seconds, _ENGLISH)


def over(event: Event) -> str:
    """That it is over, and how long it was."""
    return _ENGLISH.say("alert.over", seconds=f"{event.duration_s or 0:.0f}")


def rejected(event: Event) -> str:
    """Why a suspicion was none."""
    return f"No cramp: {event.reason}."
