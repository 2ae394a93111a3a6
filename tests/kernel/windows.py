# SPDX-License-Identifier: Apache-2.0
"""TCP's numbers, worked out from the segments that got through: what the arguments in differences.py are about.

`said` is a list of (direction, IP packet as it came, as it left). Numbers are compared modulo 2^32 (RFC 9293, section 3.4).
"""

import dataclasses
import struct

import wire

MAXACKWINDOW = 66000  # van Rooij
SYN_BITS = wire.SYN | wire.RST  # either alone says what a segment is, whatever else is set


def beyond(a, b):
    """By how much a is behind b, less than half of all numbers; or 0."""
    distance = (a - b) & 0xFFFFFFFF
    return distance if distance < 1 << 31 else 0


def other(direction):
    return "reply" if direction == "original" else "original"


def flags(data):
    return wire.read(data).flags or 0


def is_syn(data):
    return flags(data) & (SYN_BITS | wire.ACK) == wire.SYN


def begins_twice(said):
    """Whether an end has said SYN or SYN-ACK with two numbers, and nobody FIN or RST in between."""
    numbers = {}
    for by, _, left in said:
        if flags(left) & (wire.FIN | wire.RST):
            numbers = {}
        elif flags(left) & wire.SYN and numbers.setdefault(by, wire.numbers(left)[0]) != wire.numbers(left)[0]:
            return True
    return False


def scale(data):
    """The window scale that a SYN offers, or None."""
    start = wire.read(data).start
    options = data[start + 20 : start + (data[start + 12] >> 4) * 4]
    while options and options[0]:
        length = 1 if options[0] == 1 else options[1] if len(options) > 1 else 0
        if not length:
            return None
        if options[0] == 3 and length == 3 and len(options) >= 3:
            return min(options[2], 14)
        options = options[length:]
    return None


@dataclasses.dataclass
class End:
    """What one end has said."""

    end: int = None  # the highest number it sent, plus one
    window: int = 0  # the largest that it offered
    syn: int = None  # of its last SYN or SYN-ACK
    fin: int = None  # the number behind its last FIN
    acked: int = None  # the last number that it acknowledged
    limit: int = None  # the highest number that it lets the other end send


class Ends:
    """Both ends of a connection."""

    def __init__(self, said):
        segments = [(by, left) for by, _, left in said if wire.read(left).flags is not None]
        scales = self.scales(segments)
        scaled = len(scales) == 2 and None not in scales.values()
        self.ends = {by: End() for by in ("original", "reply")}
        for by, left in segments:
            self.hear(self.ends[by], left, scales[by] if scaled and not flags(left) & wire.SYN else 0)

    @staticmethod
    def scales(segments):
        """What each end's SYN offers; one that comes again changes nothing."""
        found, number = {}, {}
        for by, left in segments:
            if flags(left) & SYN_BITS == wire.SYN and number.get(by) != wire.numbers(left)[0]:
                found[by], number[by] = scale(left), wire.numbers(left)[0]
        return found

    @staticmethod
    def hear(end, data, shift):
        if flags(data) & wire.RST:
            return
        last = wire.segment_end(data)
        if end.end is None or beyond(last, end.end):
            end.end = last
        window = struct.unpack_from("!H", data, wire.read(data).start + 14)[0] << shift
        end.window = max(end.window, window)
        if flags(data) & wire.SYN:
            end.syn = wire.numbers(data)[0]
        if flags(data) & wire.FIN:
            end.fin = last
        if flags(data) & wire.ACK:
            end.acked = wire.numbers(data)[1]
            if end.limit is None or beyond(end.acked + max(window, 1), end.limit):
                end.limit = end.acked + max(window, 1)

    def is_old(self, direction, data):
        """Whether a segment is older than a window: not what van Rooij's inequalities II and IV ask for."""
        sender, receiver = self.ends[direction], self.ends[other(direction)]
        old = sender.end is not None and beyond(sender.end, wire.segment_end(data)) > receiver.window
        if old or receiver.end is None or not flags(data) & wire.ACK:
            return old
        return beyond(receiver.end, wire.numbers(data)[1]) > max(MAXACKWINDOW, sender.window)

    def acknowledges_unsent(self, direction, data):
        """Whether a segment acknowledges more than the other end has sent: van Rooij's inequality III."""
        end = self.ends[other(direction)].end
        return end is not None and bool(flags(data) & wire.ACK) and beyond(wire.numbers(data)[1], end) > 0

    def is_ahead(self, direction, data):
        """Whether a segment begins behind what the other end has allowed: van Rooij's inequality I."""
        limit = self.ends[other(direction)].limit
        return limit is not None and beyond(wire.numbers(data)[0], limit) > 0

    def comes_early(self, direction, data):
        """Whether a segment has data that the other end's SYN allows, but has not acknowledged its sender's own SYN."""
        sender, receiver = self.ends[direction], self.ends[other(direction)]
        if None in (sender.syn, receiver.syn) or receiver.acked is not None or flags(data) & SYN_BITS:
            return False
        first, last = ((number - sender.syn - 1) & 0xFFFFFFFF for number in (wire.numbers(data)[0], wire.segment_end(data)))
        return first < last and first <= receiver.window

    def opens_wrongly(self, direction, data):
        """Whether a segment acknowledges less than the other end's SYN, which nobody has acknowledged yet."""
        sender, syn = self.ends[direction], self.ends[other(direction)].syn
        if syn is None or flags(data) & (SYN_BITS | wire.ACK) != wire.ACK:
            return False
        if sender.acked is not None and (sender.acked == syn + 1 & 0xFFFFFFFF or beyond(sender.acked, syn + 1)):
            return False
        return beyond(syn + 1, wire.numbers(data)[1]) > 0

    def goes_beyond_fin(self, direction, data):
        """Whether a segment has more than its sender's FIN, which was acknowledged, allows."""
        fin, acked = self.ends[direction].fin, self.ends[other(direction)].acked
        return None not in (fin, acked) and acked == fin and beyond(wire.segment_end(data), fin) > 0
