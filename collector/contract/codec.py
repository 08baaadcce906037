"""Bytes to messages and back, refusing what is not one with a named error."""

import zlib
from collections import Counter
from collections.abc import Callable
from typing import TypeVar

import msgspec
import numpy as np

from collector.contract.errors import (
    ContractError,
    Damaged,
    Inconsistent,
    Malformed,
    Oversized,
    Truncated,
    WrongVersion,
)
from collector.contract.messages import LATEST_NS, VERSION, SampleBlock

MAX_BYTES = 4 * 1024 * 1024
"""Nothing honest is larger: 1 s of 64 channels at 4 kHz in 32 bits is 1 MB."""
MAX_CHANNELS = 256
"""The widest high-density EMG grid on the market has 256 electrodes."""
CHECKSUM = b"\xce"
"""MessagePack's mark of an unsigned integer of 32 bits."""
CHECKSUM_BYTES = len(CHECKSUM) + 4

_block_decoder = msgspec.msgpack.Decoder(SampleBlock)
_block_encoder = msgspec.msgpack.Encoder()
_json_encoder = msgspec.json.Encoder()

Message = TypeVar("Message", bound=msgspec.Struct)


class _Versioned(msgspec.Struct):
    v: int


_version_decoder = msgspec.msgpack.Decoder(_Versioned)
_json_version_decoder = msgspec.json.Decoder(_Versioned)


def encode_block(block: SampleBlock) -> bytes:
    """The block as MessagePack, and behind it the CRC-32 of these bytes as a MessagePack integer.

    A bit that flips on a failing card or in a broker's memory would otherwise be just another sample.
    """
    content = _block_encoder.encode(block)
    return content + _checksum(content)


def decode_block(payload: bytes) -> SampleBlock:
    """A block from its bytes; raises a ContractError that names what is wrong."""
    _check_size(payload)
    content = payload[:-CHECKSUM_BYTES]
    if payload[-CHECKSUM_BYTES:] != _checksum(content):
        raise Damaged("the block's checksum does not match: bytes were changed, cut off or added on the way")
    block = _decode(content, _block_decoder.decode, _version_decoder.decode)
    _check_consistent(block)
    return block


def encode_json(message: msgspec.Struct) -> bytes:
    """Any other message as JSON."""
    return _json_encoder.encode(message)


def decode_json(payload: bytes, kind: type[Message]) -> Message:
    """A JSON message of the given kind; raises a ContractError that names what is wrong."""
    return _decode(payload, msgspec.json.Decoder(kind).decode, _json_version_decoder.decode)


class RefusalCounter:
    """Counts what was refused, by reason, so that nothing is dropped in silence."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def count(self, error: ContractError) -> bool:
        """Count a refusal; true when it is the first of its reason and so worth a line in the log."""
        self.counts[error.reason] += 1
        return self.counts[error.reason] == 1


def _decode(
    payload: bytes, decode: Callable[[bytes], Message], decode_version: Callable[[bytes], _Versioned]
) -> Message:
    _check_size(payload)
    try:
        # A message of a later version may fail on its fields first; its version is the more helpful reason.
        _check_version(payload, decode_version)
        return decode(payload)
    except msgspec.DecodeError as error:
        raise _named(error) from error
    except UnicodeDecodeError as error:
        raise Malformed(f"a text in the message is not UTF-8: {error}") from error
    except RecursionError as error:
        raise Malformed("the message is nested deeper than any of ours") from error


def _check_size(payload: bytes) -> None:
    if not payload:
        raise Truncated("the message is empty")
    if len(payload) > MAX_BYTES:
        raise Oversized(f"the message has {len(payload)} bytes; {MAX_BYTES} is the most that is accepted")


def _checksum(content: bytes) -> bytes:
    return CHECKSUM + zlib.crc32(content).to_bytes(4, "big")


def _check_version(payload: bytes, decode_version: Callable[[bytes], _Versioned]) -> None:
    """Every message has to bear our version, except those without one (the parts of others)."""
    try:
        version = decode_version(payload).v
    except msgspec.ValidationError:
        return
    if version != VERSION:
        raise WrongVersion(
            f"the message has contract version {version}, this program speaks {VERSION}; update the older of the two"
        )


def _named(error: msgspec.DecodeError) -> ContractError:
    # msgspec has one class for undecodable bytes; its text tells an early end from other damage.
    if "truncated" in str(error).lower():
        return Truncated(f"the message stops too early: {error}")
    return Malformed(f"not a message of the expected kind: {error}")


def _check_consistent(block: SampleBlock) -> None:
    if not 1 <= len(block.channels) <= MAX_CHANNELS:
        raise Inconsistent(f"a block must have 1 to {MAX_CHANNELS} channels, this one has {len(block.channels)}")
    instant = len(block.channels) * np.dtype(block.dtype).itemsize
    if not block.samples or len(block.samples) % instant:
        raise Inconsistent(f"{len(block.samples)} bytes of samples are no whole number of instants of {instant} bytes")
    if block.stream not in block.streams:
        raise Inconsistent(f"stream {block.stream} is not among the session's streams {list(block.streams)}")
    if not 0 <= block.t0_ns <= block.end_ns <= LATEST_NS:
        raise Inconsistent(f"samples {block.first_index} to {block.end_index} lie outside of any time by this clock")
    for channel in block.channels:
        if channel.digital_min >= channel.digital_max:
            rails = f"{channel.digital_min} and {channel.digital_max}"
            raise Inconsistent(f"channel {channel.name}: rails {rails} cannot be")
        if not np.isfinite([channel.scale, channel.offset]).all() or channel.scale == 0:
            raise Inconsistent(f"channel {channel.name}: scale {channel.scale} and offset {channel.offset} cannot be")
