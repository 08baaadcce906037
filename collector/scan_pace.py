"""How often a wearable may be scanned for while another sends EMG: a scan takes radio time from those packets."""

from collector.contract.messages import NS

SCANS_AT_ONCE = 4
"""A minute of scans: who comes back to bed with two wearables is heard in the first of them."""
EVERY_S = 300.0
"""One scan of 15 s in this time: a twentieth of the night, for a wearable that was perhaps left in the drawer."""


class ScanPace:
    """Four scans in a row, then one every five minutes; what was not used comes back at the same rate, up to four.

    A budget and not a time since the loss: a link that comes and goes cannot buy scans by it.
    """

    def __init__(self) -> None:
        self._whole_again_ns = 0

    def take(self, now_ns: int) -> bool:
        """Whether a scan may begin now; if so it is counted."""
        whole_again_ns = max(self._whole_again_ns, now_ns)
        if whole_again_ns - now_ns > (SCANS_AT_ONCE - 1) * EVERY_S * NS:
            return False
        self._whole_again_ns = whole_again_ns + round(EVERY_S * NS)
        return True
