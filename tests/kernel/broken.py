# SPDX-License-Identifier: Apache-2.0
"""Ways to break a packet, one field at a time. Each takes and returns bytes; its random choices are made beforehand."""

import struct

import wire

MARTIANS4 = ("0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.5", "240.0.0.9", "255.255.255.255", "169.254.3.4", "10.0.0.1",
             "192.0.2.255", "172.16.0.0")
MARTIANS6 = ("::", "::1", "::ffff:192.0.2.10", "ff02::5", "fe80::7", "2001:db8:1::1", "2001:db8:2::", "ff0e::9")


def put(data, at, new):
    return data[:at] + new + data[at + len(new) :]


def resum(data):
    """IPv4's header checksum, and the transport's, over what is there now."""
    seen = wire.read(data)
    if seen.bad or seen.start > len(data):
        return data
    message = wire.summed(seen.source, seen.destination, seen.protocol, data[seen.start : seen.end])
    data = data[: seen.start] + message + data[seen.end :]
    return wire.ipv4_sealed(data) if seen.version == 4 else data


def address(at, text):
    return lambda data: resum(put(data, at, wire.packed(text)))


def header_options(options):
    """IPv4 options, in a header that is right otherwise."""
    options += bytes(-len(options) % 4)

    def change(data):
        length = struct.unpack_from("!H", data, 2)[0] + len(options)
        return wire.ipv4_sealed(put(put(data[:20] + options + data[20:], 0, bytes([0x45 + len(options) // 4])), 2,
                                    struct.pack("!H", length)))
    return change


def cut(bytes_left):
    return lambda data: data[:bytes_left]


def same_ends(data):
    """LAND: from where it goes to."""
    at, size = (12, 4) if data[0] >> 4 == 4 else (8, 16)
    start = wire.read(data).start
    data = put(data, at, data[at + size : at + 2 * size])
    return resum(put(data, start, data[start + 2 : start + 4] * 2))


def ipv4_ways(random):
    """[(name, change)]."""
    word = random.choice((0x8000, 0x2000, 0x4000, 0x6000, 0x0001, 0x1FFF, 0x2001))
    size, bit = random.randrange(0, 90), random.randrange(64 * 8)
    protocol = random.choice((0, 2, 4, 41, 59, 99, 132, 255))
    option = random.choice((
        ("nop", b"\1\1\1\0"), ("record route", bytes([7, 7, 4, 0, 0, 0, 0])), ("timestamp", bytes([68, 8, 5, 0, 0, 0, 0, 0])),
        ("loose source route", bytes([131, 7, 4, 192, 0, 2, 10])), ("strict source route", bytes([137, 7, 4, 192, 0, 2, 10])),
        ("router alert", bytes([148, 4, 0, 0])), ("unknown", bytes([99, 4, 1, 2])), ("long", bytes([7, 39, 4] + [0] * 36)),
        ("of no length", bytes([99, 0, 1, 2])), ("past its end", bytes([99, 20, 1, 2])),
    ))
    return [
        ("header checksum", lambda data: put(data, 10, bytes([data[10] ^ 0x40]))),
        ("version", lambda data: wire.ipv4_sealed(put(data, 0, bytes([0x55])))),
        ("header of 16 bytes", lambda data: wire.ipv4_sealed(put(data, 0, b"\x44"))),
        ("header beyond the packet", lambda data: wire.ipv4_sealed(put(data, 0, b"\x4f")[:44])),
        ("length below the header", lambda data: wire.ipv4_sealed(put(data, 2, struct.pack("!H", size % 20)))),
        ("length beyond the frame", lambda data: wire.ipv4_sealed(put(data, 2, struct.pack("!H", len(data) + 1 + size)))),
        ("padding behind", lambda data: data + bytes(size)),
        ("cut", cut(size)),
        ("ttl", lambda data: wire.ipv4_sealed(put(data, 8, bytes([size % 3])))),
        ("fragment bits", lambda data: wire.ipv4_sealed(put(data, 6, struct.pack("!H", word)))),
        (f"option {option[0]}", header_options(option[1])),
        ("source", address(12, random.choice(MARTIANS4))),
        ("destination", address(16, random.choice(MARTIANS4[:7] + MARTIANS4[8:]))),
        ("same ends", same_ends),
        ("transport cut", lambda data: resum(wire.ipv4_sealed(put(data[: 20 + size % 20], 2, struct.pack("!H", 20 + size % 20))))),
        ("protocol", lambda data: wire.ipv4_sealed(put(data, 9, bytes([protocol])))),
        ("bit", lambda data: put(data, bit // 8 % len(data), bytes([data[bit // 8 % len(data)] ^ 1 << bit % 8]))),
    ]


def with_extensions(chain):
    """Extension headers between the IPv6 header and what was behind it; [(number, bytes without the first)]."""
    def change(data):
        kinds = [kind for kind, _ in chain] + [data[6]]
        body = b"".join(bytes([kinds[index + 1]]) + rest for index, (_, rest) in enumerate(chain))
        length = struct.unpack_from("!H", data, 4)[0] + len(body)
        return put(put(data, 4, struct.pack("!H", length)), 6, bytes([kinds[0]]))[:40] + body + data[40:]
    return change


def extension_chains(random):
    pad = bytes([0, 1, 4, 0, 0, 0, 0])
    hop, ends = (wire.HOP_OPTIONS, pad), (wire.DESTINATION_OPTIONS, pad)
    yield "hop-by-hop", [hop]
    yield "destination options", [ends]
    yield "both", [hop, ends]
    yield "hop-by-hop after another", [ends, hop]
    yield "routing header 0", [(wire.ROUTING, bytes([2, 0, 1, 0, 0, 0, 0]) + wire.packed("2001:db8:2::10"))]
    yield "routing header 4", [(wire.ROUTING, bytes([0, 4, 0, 0, 0, 0, 0]))]
    yield "atomic fragment", [(wire.FRAGMENT, bytes([0, 0, 0, 0, 0, 0, random.randrange(256)]))]
    yield "many", [ends] * 7
    yield "too many", [ends] * 12
    yield "option past its end", [(wire.HOP_OPTIONS, bytes([0, 5, 99, 0, 0, 0, 0]))]
    yield "option that must not be skipped", [(wire.HOP_OPTIONS, bytes([0, 0xC3, 4, 0, 0, 0, 0]))]
    yield "header past its end", [(wire.DESTINATION_OPTIONS, bytes([200, 1, 4, 0, 0, 0, 0]))]
    yield "router alert", [(wire.HOP_OPTIONS, bytes([0, 5, 2, 0, 0, 1, 0]))]
    yield "jumbo", [(wire.HOP_OPTIONS, bytes([0, 0xC2, 4, 0, 1, 0, 0]))]
    yield "authentication", [(wire.AUTHENTICATION, bytes([4] + [0] * 22))]


def ipv6_ways(random):
    size, bit = random.randrange(0, 110), random.randrange(84 * 8)
    chain = random.choice(list(extension_chains(random)))
    protocol = random.choice((2, 4, 41, 59, 99, 135, 255, 1))
    return [
        ("version", lambda data: put(data, 0, bytes([0x55]))),
        ("length beyond the frame", lambda data: put(data, 4, struct.pack("!H", len(data) - 39 + size))),
        ("length of nothing", lambda data: put(data, 4, b"\0\0")),
        ("padding behind", lambda data: data + bytes(size)),
        ("cut", cut(size)),
        ("hop limit", lambda data: put(data, 7, bytes([size % 3]))),
        (f"extension: {chain[0]}", with_extensions(chain[1])),
        (f"extension: {chain[0]}", with_extensions(chain[1])),
        ("source", address(8, random.choice(MARTIANS6))),
        ("destination", address(24, random.choice(MARTIANS6[:5] + MARTIANS6[6:]))),
        ("same ends", same_ends),
        ("transport cut", lambda data: resum(put(data[: 40 + size % 20], 4, struct.pack("!H", size % 20)))),
        ("protocol", lambda data: put(data, 6, bytes([protocol]))),
        ("bit", lambda data: put(data, bit // 8 % len(data), bytes([data[bit // 8 % len(data)] ^ 1 << bit % 8]))),
    ]


def frame_ways(random):
    kind = random.choice((0x0806, 0x86DD, 0x0800, 0x88B5, 0x8100, 0x0026))
    size = random.randrange(14, 40)
    return [
        ("to another station", lambda frame: b"\2\0\0\0\x99\x99" + frame[6:]),
        ("to all stations", lambda frame: b"\xff" * 6 + frame[6:]),
        ("to a group", lambda frame: b"\1\0\x5e\0\0\5" + frame[6:]),
        ("another type", lambda frame: put(frame, 12, struct.pack("!H", kind))),
        ("cut frame", cut(size)),
    ]
