#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The peer's web server, on IPv4 and IPv6: GET /BYTES gives that many bytes, PUT gives the SHA-256 of what was put."""

import hashlib
import http.server
import socket
import sys

BLOCK = 65536


def content(length):
    """The bytes of GET /length, in blocks; each block differs from the others, so that none can take another's place."""
    for start in range(0, length, BLOCK):
        seed = hashlib.sha256(start.to_bytes(8, "big")).digest()
        yield (seed * (BLOCK // len(seed)))[: length - start]


def digest(length):
    total = hashlib.sha256()
    for block in content(length):
        total.update(block)
    return total.hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    def begin(self, length):
        self.send_response(200)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def do_GET(self):
        length = int(self.path[1:])
        self.begin(length)
        for block in content(length):
            self.wfile.write(block)

    def do_PUT(self):
        left, total = int(self.headers["Content-Length"]), hashlib.sha256()
        while left:
            block = self.rfile.read(min(left, BLOCK))
            if not block:
                return
            total.update(block)
            left -= len(block)
        answer = total.hexdigest().encode()
        self.begin(len(answer))
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6

    def server_bind(self):
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()


if __name__ == "__main__":
    Server(("::", int(sys.argv[1])), Handler).serve_forever()
