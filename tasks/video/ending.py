"""Whether a file ends where it was meant to end, from the packets that it still holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

MICROSECONDS = 1_000_000  # of a container's own duration
# A header may be off by a packet or two, and by the length of the last picture or sound.
PACKETS_TOLERATED = 2
SECONDS_TOLERATED = 1.0
# Transport streams are cut into cells of 188 bytes; 4 or 16 more hold a clock or checksums.
CELL_BYTES = (188, 192, 204)


@dataclass(slots=True)
class Ending:
    """Sees a file's packets go by, of all its streams, and tells whether more were to come.

    Attributes:
        stream_index: The video stream.
        packets: Its packets so far; empty ones repeat a picture and count in headers too.
        end_s: When the last of all streams' packets ends, in seconds.
        cut: Whether the last packet with content broke off.
    """

    stream_index: int
    packets: int = 0
    end_s: float = field(default=float("-inf"))
    cut: bool = False

    def watch(self, packet: Packet[Any]) -> None:
        """Take note of a packet."""
        time = packet.pts if packet.pts is not None else packet.dts
        if packet.size:
            self.cut = packet.is_corrupt
        elif time is None:
            return  # not of the file: it drains a decoder
        self.packets += packet.stream.index == self.stream_index
        if time is not None and packet.time_base is not None:
            end = float((time + (packet.duration or 0)) * packet.time_base)
            self.end_s = max(self.end_s, end)

    def is_early(self, container: InputContainer, stream: VideoStream) -> bool:
        """Return whether the file, now read to its end, was cut off.

        Raw streams say nowhere how long they are: they are never known to be cut off, and neither
        are MPEG streams that end between two packets.
        """
        if self.cut or stream.frames > self.packets + PACKETS_TOLERATED:
            return True
        if container.format.name == "mpegts":
            return all(container.size % cell for cell in CELL_BYTES)
        if not container.duration:
            return False
        claimed_s = ((container.start_time or 0) + container.duration) / MICROSECONDS
        return claimed_s > self.end_s + SECONDS_TOLERATED
