#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A name server for a few names: names.py ADDRESS PORT. Knows NAMES; all that `many.example` has does not fit a datagram, so
that its answer says "truncated" over UDP and has to be asked for over TCP (RFC 1035, section 4.2). Writes a line when
it is ready."""

import socketserver
import struct
import sys
import threading

NAMES = {"one.example": ["192.0.2.77"], "many.example": [f"198.18.{number}.1" for number in range(100)]}
DATAGRAM_MAX = 512
RESPONSE, TRUNCATED, NAME_ERROR = 0x8180, 0x0200, 3
TYPE_A, CLASS_IN, TTL = 1, 1, 60
QUESTION_NAME = 0xC00C  # a pointer to it (RFC 1035, section 4.1.4)


def question_of(query):
    """The name that a query asks for, and the bytes of the question."""
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode())
        at += 1 + query[at]
    return ".".join(labels), query[12 : at + 5]


def answer(query, limit):
    name, question = question_of(query)
    wanted = struct.unpack("!H", question[-4:-2])[0]
    addresses = NAMES.get(name, []) if wanted == TYPE_A else []
    records = b"".join(struct.pack("!HHHIH4B", QUESTION_NAME, TYPE_A, CLASS_IN, TTL, 4, *map(int, address.split(".")))
                       for address in addresses)
    flags, count = RESPONSE | (0 if name in NAMES else NAME_ERROR), len(addresses)
    if len(question) + len(records) + 12 > limit:
        flags, count, records = flags | TRUNCATED, 0, b""
    return query[:2] + struct.pack("!HHHHH", flags, 1, count, 0, 0) + question + records


class Datagram(socketserver.BaseRequestHandler):
    def handle(self):
        query, wire = self.request
        wire.sendto(answer(query, DATAGRAM_MAX), self.client_address)


class Stream(socketserver.StreamRequestHandler):
    def handle(self):
        length = struct.unpack("!H", self.rfile.read(2))[0]
        said = answer(self.rfile.read(length), 65535)
        self.wfile.write(struct.pack("!H", len(said)) + said)


def main():
    socketserver.TCPServer.allow_reuse_address = True
    place = (sys.argv[1], int(sys.argv[2]))
    datagrams, streams = socketserver.UDPServer(place, Datagram), socketserver.TCPServer(place, Stream)
    threading.Thread(target=datagrams.serve_forever, daemon=True).start()
    print("ready", flush=True)
    streams.serve_forever()


if __name__ == "__main__":
    main()
