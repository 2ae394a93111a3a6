#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Handshakes with fixed keys, as arrays for unit tests: tests/wireguard/vectors.py > tests/unit/wireguard_vectors.h

The naive implementation makes them. test_go plays the same handshake with wireguard-go, whose random numbers are set to
these, and finds the same bytes on the wire."""

import pathlib
import struct
import sys

sys.dont_write_bytecode = True

import naive
import primitives
from naive import Handshake

PLACE = pathlib.Path(__file__).resolve().parent.parent / "unit/wireguard_vectors.h"
COMMAND = "tests/wireguard/vectors.py > tests/unit/wireguard_vectors.h"


def fixed(name, length=32):
    """Bytes that nobody chose."""
    return primitives.hashlib.shake_128(f"Weir's WireGuard vectors: {name}".encode()).digest(length)


def private_key(name):
    return primitives.clamp(fixed(name)).to_bytes(primitives.KEY_BYTES, "little")


INITIATOR, RESPONDER = private_key("initiator"), private_key("responder")
EPHEMERALS = private_key("initiator ephemeral"), private_key("responder ephemeral")
INITIATOR_PUBLIC, RESPONDER_PUBLIC = primitives.public_key(INITIATOR), primitives.public_key(RESPONDER)
PSK = fixed("preshared key")
INITIATOR_INDEX, RESPONDER_INDEX = 0x01020304, 0xA1B2C3D4
TIMESTAMP = naive.tai64n(1_700_000_000_123_456_789)
COOKIE_SECRET, COOKIE_NONCE = fixed("cookie secret"), fixed("cookie nonce", primitives.XNONCE_BYTES)
COOKIE_ADDRESS, COOKIE_PORT = bytes([192, 0, 2, 7]), 51820

INITIATOR_INSIDE, RESPONDER_INSIDE = "fd00:8::2", "fd00:8::1"
ECHO_REQUEST, ECHO_REPLY = 128, 129
ECHO_DATA = b"what comes in must go out"  # 73 bytes of packet: 7 of padding


def inside(address):
    head, tail = address.split("::")
    groups = head.split(":") + ["0"] * 8
    return b"".join(struct.pack("!H", int(group, 16)) for group in groups[:7] + [tail])


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def echo(kind, source, target):
    """An IPv6 packet with an ICMPv6 echo message."""
    source, target = inside(source), inside(target)
    message = struct.pack("!BBHHH", kind, 0, 0, 0x7765, 1) + ECHO_DATA
    pseudo = source + target + struct.pack("!II", len(message), 58) + message
    total = checksum(pseudo + bytes(len(pseudo) % 2))
    message = message[:2] + struct.pack("!H", total) + message[4:]
    return struct.pack("!IHBB", 6 << 28, len(message), 58, 64) + source + target + message


REQUEST = echo(ECHO_REQUEST, INITIATOR_INSIDE, RESPONDER_INSIDE)
REPLY = echo(ECHO_REPLY, RESPONDER_INSIDE, INITIATOR_INSIDE)


def handshake(psk):
    """(name, bytes) of everything in one handshake and after it, in the order in which it happens."""
    initiator, responder = Handshake(INITIATOR, RESPONDER_PUBLIC, psk), Handshake(RESPONDER, None, psk)
    first, second, here, there = naive.shake_hands(initiator, responder, INITIATOR_INDEX, RESPONDER_INDEX, EPHEMERALS, TIMESTAMP)
    assert all(responder.trace.get(name, value) == value for name, value in initiator.trace.items())
    yield from (initiator.trace | responder.trace).items()
    yield "initiation", first
    yield "response", second
    yield "echo request sealed, counter 0", here.seal(REQUEST)
    yield "echo reply sealed, counter 0", there.seal(REPLY)
    yield "keepalive of initiator, counter 1", here.seal(b"")
    yield "keepalive of responder, counter 2 to the 40", there.seal(b"", 2**40)
    yield from cookies("initiation", first, RESPONDER_PUBLIC)
    yield from cookies("response", second, INITIATOR_PUBLIC)


def cookies(name, message, receiver):
    """What a receiver under load answers, and what the sender then sends."""
    cookie = naive.make_cookie(COOKIE_SECRET, COOKIE_ADDRESS, COOKIE_PORT)
    yield f"{name} mac1", naive.mac1_of(message)
    yield f"{name} cookie reply", naive.make_cookie_reply(message, receiver, cookie, COOKIE_NONCE)
    yield f"{name} with mac2", naive.with_macs(message[: -naive.MACS_BYTES], receiver, cookie)


def inputs():
    yield "initiator private", INITIATOR
    yield "initiator public", INITIATOR_PUBLIC
    yield "responder private", RESPONDER
    yield "responder public", RESPONDER_PUBLIC
    yield "initiator ephemeral private", EPHEMERALS[0]
    yield "responder ephemeral private", EPHEMERALS[1]
    yield "preshared key", PSK
    yield "timestamp", TIMESTAMP
    yield "echo request", REQUEST
    yield "echo reply", REPLY
    yield "cookie", naive.make_cookie(COOKIE_SECRET, COOKIE_ADDRESS, COOKIE_PORT)
    yield "cookie nonce", COOKIE_NONCE


def array(prefix, name, value):
    name = "_".join([prefix, *name.replace(",", "").split()])
    if not value:
        return f"/* {name}: nothing */\n"
    lines = [value[at : at + 12] for at in range(0, len(value), 12)]
    rows = ",\n".join("\t" + ", ".join(f"0x{byte:02x}" for byte in line) for line in lines)
    return f"static const uint8_t {name}[{len(value)}] = {{\n{rows}}};\n"


def header_file():
    sections = [("vector", inputs()), ("plain", handshake(naive.NO_PSK)), ("psk", handshake(PSK))]
    arrays = "\n".join(array(prefix, name, value) for prefix, rows in sections for name, value in rows)
    return f"""/* SPDX-License-Identifier: Apache-2.0
 *
 * WireGuard's handshake with fixed keys, each step of it: once without a preshared key (plain_), once with one (psk_).
 * Written by `{COMMAND}`; wireguard-go
 * puts the same messages on the wire (tests/wireguard/test_go).
 *
 * chain_, hash_ and key_ have the name of what was mixed in last; es, ss, ee and se are the Diffie-Hellman results' names
 * in Noise, shared_ the results. How a cookie is made is everybody's own affair; its reply is not.
 */
#ifndef TESTS_UNIT_WIREGUARD_VECTORS_H
#define TESTS_UNIT_WIREGUARD_VECTORS_H

#include <stdint.h>

/* clang-format off */

enum {{
	VECTOR_INITIATOR_INDEX = {INITIATOR_INDEX:#010x},
	VECTOR_COOKIE_PORT = {COOKIE_PORT}
}};
#define VECTOR_RESPONDER_INDEX {RESPONDER_INDEX:#010x}u

{arrays}
#endif
"""


if __name__ == "__main__":
    sys.stdout.write(header_file())
