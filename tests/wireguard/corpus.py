#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes what fuzz targets begin with: tests/wireguard/corpus.py puts messages, one a file, into
tests/fuzz/corpus/wireguard_{initiation,response,cookie_reply,transport}.

Keys, indices, psk and ephemeral keys are those of `vectors` (tests/unit/wireguard_vectors.h): an initiation comes to the responder,
a response and a cookie reply to the initiator who sent the initiation of the vectors, and a transport message to the responder
after the handshake with the preshared key. Names say what is wrong; those that begin with `right` are not wrong."""

import pathlib
import struct
import sys

sys.dont_write_bytecode = True

import naive
import vectors
from naive import Handshake

PLACE = pathlib.Path(__file__).resolve().parent.parent / "fuzz/corpus"
SMALL_ORDER = bytes(32), b"\1" + bytes(31), (2**255 - 20).to_bytes(32, "little")


def with_macs(message, receiver):
    return naive.with_macs(message[: -naive.MACS_BYTES], receiver)


def flipped(message, at):
    return message[:at] + bytes([message[at] ^ 1]) + message[at + 1 :]


def spoilt(message, receiver, parts):
    """The same message cut, longer, with a wrong mac1, and with a right one but a part that is spoilt."""
    yield "short", message[:-1]
    yield "long", message + b"\0"
    yield "header", message[:4]
    yield "reserved", with_macs(flipped(message, 2), receiver)
    yield "mac1", flipped(message, len(message) - naive.MACS_BYTES)
    for name, at in parts.items():
        yield name, with_macs(flipped(message, at), receiver)


def initiations(known):
    right, receiver = known["initiation"], vectors.RESPONDER_PUBLIC
    yield "right", right
    yield "right-mac2", known["initiation with mac2"]
    yield from spoilt(right, receiver, {"ephemeral": 8, "static": 40, "timestamp": 88})
    for number, point in enumerate(SMALL_ORDER):
        yield f"small-order{number}", with_macs(right[:8] + point + right[40:], receiver)
    stranger = Handshake(vectors.private_key("stranger"), receiver)
    yield "stranger", naive.with_macs(stranger.make_initiation(vectors.EPHEMERALS[0], 7, vectors.TIMESTAMP), receiver)
    for name, timestamp in (("oldest", bytes(12)), ("newest", b"\xff" * 12)):
        message = Handshake(vectors.INITIATOR, receiver).make_initiation(vectors.EPHEMERALS[1], 8, timestamp)
        yield f"right-{name}", naive.with_macs(message, receiver)


def responses(known):
    right, receiver = known["response"], vectors.INITIATOR_PUBLIC
    yield "right", right
    yield "right-mac2", known["response with mac2"]
    yield from spoilt(right, receiver, {"receiver": 8, "ephemeral": 12, "nothing": 44})
    for number, point in enumerate(SMALL_ORDER):
        yield f"small-order{number}", with_macs(right[:12] + point + right[44:], receiver)


def cookie_replies(known):
    right = known["initiation cookie reply"]
    yield "right", right
    yield "short", right[:-1]
    yield "long", right + b"\0"
    for name, at in (("reserved", 2), ("receiver", 4), ("nonce", 8), ("cookie", 32), ("tag", 48)):
        yield name, flipped(right, at)


def transport_messages(known):
    session = naive.Session(known["transport from initiator"], b"", vectors.INITIATOR_INDEX, vectors.RESPONDER_INDEX)
    right = session.seal(vectors.REQUEST)
    yield "right", right
    yield "right-keepalive", session.seal(b"")
    yield "right-late", session.seal(vectors.REQUEST, 2**40)
    yield "last", session.seal(b"", naive.REJECT_AFTER_MESSAGES - 1)
    yield "beyond-the-last", session.seal(b"", naive.REJECT_AFTER_MESSAGES)
    yield "header", right[:16]
    yield "short", right[:31]
    for name, at in (("reserved", 2), ("receiver", 4), ("counter", 8), ("sealed", 16), ("tag", len(right) - 1)):
        yield name, flipped(right, at)
    request = vectors.REQUEST
    yield "inside-version", session.seal(b"\x50" + request[1:])
    yield "inside-short", session.seal(request[:30])
    yield "inside-long", session.seal(request[:4] + struct.pack("!H", 1000) + request[6:])
    yield "inside-zeros", session.seal(bytes(64))


def files():
    """(path, bytes) of all."""
    known = dict(vectors.handshake(vectors.PSK))
    kinds = {"initiation": initiations, "response": responses, "cookie_reply": cookie_replies, "transport": transport_messages}
    for kind, rows in kinds.items():
        for name, message in rows(known):
            yield PLACE / f"wireguard_{kind}" / name, message


if __name__ == "__main__":
    for path, message in files():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(message)
