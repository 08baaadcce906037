"""Why a packet was refused, each reason with a name of its own."""

from collector.contract.errors import ContractError


class PacketRefused(ContractError):
    """A packet is not what the profile says; counted per stream, under a name of its own."""

    def __init__(self, source: str, text: str) -> None:
        super().__init__(text)
        self.source = source

    @property
    def reason(self) -> str:
        """The stream and the kind of refusal."""
        return f"{self.source}.{type(self).__name__}"


class UnknownPacket(PacketRefused):
    """No stream of the profile has packets like this on this characteristic."""


class PartialFrame(PacketRefused):
    """The packet ends within its header or within a frame; perhaps the MTU is too small."""


class NoSamples(PacketRefused):
    """The packet has a header and nothing behind it."""


class NotANumber(PacketRefused):
    """A value is text that is no number, or a floating-point value that stands for none."""
