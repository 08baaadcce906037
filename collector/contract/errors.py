"""Why a message or a recording was refused, each reason with a name of its own."""


class ContractError(ValueError):
    """Something from outside does not keep the contract; the text says what and what to do next."""

    @property
    def reason(self) -> str:
        """The name under which refusals of this kind are counted."""
        return type(self).__name__


class Malformed(ContractError):
    """The bytes are not a message of this kind, or a field has the wrong type."""


class Truncated(ContractError):
    """The bytes stop before the message does."""


class Damaged(ContractError):
    """The bytes are not those that were sent: the checksum does not match."""


class Oversized(ContractError):
    """The message is larger than any honest one."""


class WrongVersion(ContractError):
    """The message was written for another version of the contract."""


class Inconsistent(ContractError):
    """Every field is well-formed, yet together they cannot be true."""


class BadTopic(ContractError):
    """The topic is not one of ours, or a wearer or site name is not allowed."""


class BadRecording(ContractError):
    """The file is not a recording that can be read; the text says why in one line."""
