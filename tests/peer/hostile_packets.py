# SPDX-License-Identifier: Apache-2.0
"""What is in WireGuard's packets, and around them: rows of test_wireguard_hostile, as in hostile_messages.py."""

import struct

import inside
import naive
from hosts import Failed

def counters(world, end):
    """Each once, late ones too, but not those that are older than the window."""
    peer = world.peers[end]
    session = peer.initiate()
    deliver = lambda counter: peer.send(session.seal(world.to_client(end, struct.pack("!Q", counter)), counter))
    for counter in (0, 7, 5, 6, 1, 2000, 1001, 1999, 2**32, 2**32 - 1000, 2**32 + 64, 2**32 + 63):
        deliver(counter)
        world.client_hears(struct.pack("!Q", counter))
    again = [7, 5, 1, 0, 2000, 2**32 - 100_000, 2**32, 2**32 + 64, 2**32 - 1000]
    with world.gateway.drops(len(again), "wg-replay"):
        for counter in again:
            deliver(counter)
        world.client_hears_nothing()
    with world.gateway.drops(2, "wg-replay", "wg-expired"):
        deliver(naive.REJECT_AFTER_MESSAGES)
        deliver(2**64 - 1)
        world.client_hears_nothing()
    deliver(2**32 + 65)
    world.client_hears(struct.pack("!Q", 2**32 + 65))


def wrong_inside(world, end, other):
    peer = world.peers[end]
    session = peer.initiate()
    right4, right6 = world.to_client(end, b"right"), world.to_client(end, b"right", ipv6=True)
    foreign = [world.to_client(other, b"wrong", ipv6=ipv6) for ipv6 in (False, True)]
    with world.gateway.drops(len(foreign), "wg-allowed-ips"):
        for packet in foreign:
            peer.send(session.seal(packet))
        world.client_hears_nothing()
    longer = right4[:2] + struct.pack("!H", 200) + right4[4:]
    longer6 = right6[:4] + struct.pack("!H", 200) + right6[6:]
    broken = [b"\x50" + right4[1:], right4[:16], right6[:32], bytes(16), b"\0"]
    with world.gateway.drops(len(broken), "wg-inner"):
        for packet in broken:
            peer.send(session.seal(packet))
        world.client_hears_nothing()
    with world.gateway.drops(2, "wg-inner", "ip-truncated"):
        for packet in (longer, longer6):
            peer.send(session.seal(packet))
        world.client_hears_nothing()
    with world.gateway.drops(0):
        peer.send(session.seal(b""))
    world.both_ways(end, session)


ECN_NOT, ECT1, ECT0, CE = 0, 1, 2, 3
DSCP = 0x2E << 2  # expedited forwarding
# RFC 6040, figure 4: what comes out, by what is inside (rows) and outside, in the order of the numbers. None: dropped.
DECAPSULATED = {
    ECN_NOT: [ECN_NOT, ECN_NOT, ECN_NOT, None],
    ECT1: [ECT1, ECT1, ECT1, CE],
    ECT0: [ECT0, ECT1, ECT0, CE],
    CE: [CE, CE, CE, CE],
}


def ecn_out(world, end):
    """RFC 6040, section 4.1, normal mode: outside as inside."""
    comes_out(world, end, (ECN_NOT, ECT1, ECT0, CE))


def dscp_out(world, end):
    """RFC 2983's pipe model, as Linux has it: outside there is none of it, only the ECN."""
    comes_out(world, end, (DSCP, DSCP | ECT0, DSCP | CE))


def comes_out(world, end, both):
    peer = world.peers[end]
    session = peer.initiate()
    world.both_ways(end, session)
    for ipv6 in (False, True):
        for tos in both:
            world.client_sends(end, b"tos", ipv6=ipv6, tos=tos)
            packet, outer = world.receive_with_tos(end, session)
            if inside.tos_of(packet) != tos or outer != tos & CE:
                raise Failed(f"IPv{'6' if ipv6 else '4'} with {tos:#x} has {inside.tos_of(packet):#x} inside, {outer:#x} outside")


def ecn_in(world, end):
    """RFC 6040, section 4.2, each cell. The DSCP inside stays."""
    peer = world.peers[end]
    session = peer.initiate()
    world.both_ways(end, session)
    for ipv6 in (False, True):
        for inner, row in DECAPSULATED.items():
            for outer, expected in enumerate(row):
                world.sends_with_tos(end, session.seal(world.to_client(end, b"ecn", ipv6=ipv6, tos=DSCP | inner)), outer)
                found = world.client_hears_tos(expected is not None)
                if expected is not None and found != DSCP | expected:
                    raise Failed(f"inside {inner}, outside {outer}: {found:#x}, not {DSCP | expected:#x}")
    world.both_ways(end, session)


def padding(world, end):
    """Multiples of 16 bytes, of zeros, but nothing beyond the MTU."""
    peer, mtu = world.peers[end], end.net.mtu
    session = peer.initiate()
    world.both_ways(end, session)
    for ipv6, header in ((False, 28), (True, 48)):
        for length in (*range(header, header + 18), *range(mtu - 20, mtu + 1)):
            world.client_sends(end, bytes(length - header), ipv6=ipv6)
            plain = peer.receive(session)
            right = len(plain) == len(naive.padded(bytes(length), mtu)) and not any(plain[length:])
            if not right or len(naive.unpadded(plain)) != length:
                raise Failed(f"{length} bytes in a tunnel of {mtu}: {len(plain)} are sealed, ending {plain[-16:].hex()}")
