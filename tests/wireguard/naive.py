# SPDX-License-Identifier: Apache-2.0
"""WireGuard's protocol once more, straight from the paper ("WireGuard: Next Generation Kernel Network Tunnel", section 5.4),
without looking at Weir's: what the two agree on, two readers of the paper agree on.

It has no sockets, no clock and no random numbers: whoever calls hands them in, so that any message can be made, right or
wrong. Each step leaves its result in a trace, from which `vectors` writes what the unit tests compare with.

Letters: e, s are an ephemeral and a static key, i, r the initiator and the responder; `chain` is the paper's C, `hash` its H."""

import struct

from primitives import (KEY_BYTES, MAC_BYTES, XNONCE_BYTES, Forged, blake2s, hkdf, keyed_mac, public_key, seal,
                        unseal, x25519, xseal, xunseal)

CONSTRUCTION = b"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s"
IDENTIFIER = b"WireGuard v1 zx2c4 Jason@zx2c4.com"
LABEL_MAC1, LABEL_COOKIE = b"mac1----", b"cookie--"

INITIATION, RESPONSE, COOKIE_REPLY, TRANSPORT = 1, 2, 3, 4
INITIATION_BYTES, RESPONSE_BYTES, COOKIE_REPLY_BYTES, TRANSPORT_LEAST = 148, 92, 64, 32
HEADER_BYTES = 16  # of a transport message, in front of what is sealed
MACS_BYTES = 2 * MAC_BYTES
NO_MAC2, NO_PSK = bytes(MAC_BYTES), bytes(KEY_BYTES)

TAI64_EPOCH, NANOSECONDS = 2**62, 10**9
REJECT_AFTER_MESSAGES = 2**64 - 2**13 - 1
REKEY_AFTER_SECONDS, REJECT_AFTER_SECONDS, REKEY_ATTEMPT_SECONDS, REKEY_TIMEOUT_SECONDS, KEEPALIVE_SECONDS = 120, 180, 90, 5, 10
COOKIE_SECONDS = 120


class Refused(ValueError):
    """A message that must be dropped. The text says why."""


def nonce(counter):
    return bytes(4) + struct.pack("<Q", counter)


def tai64n(nanoseconds):
    """The label of a Unix time, as https://cr.yp.to/libtai/tai64.html has it. (WireGuard does not count leap seconds.)"""
    seconds, rest = divmod(nanoseconds, NANOSECONDS)
    return struct.pack(">QI", TAI64_EPOCH + 10 + seconds, rest)


def kind(message):
    return struct.unpack_from("<I", message)[0] if len(message) >= 4 else None


def header(number, *indices):
    """The type (with the three reserved bytes, which are zero) and indices."""
    return struct.pack(f"<{1 + len(indices)}I", number, *indices)


# The handshake


class Noise:
    """The symmetric state of one side, which the other side must come to as well."""

    def __init__(self, responder_static, trace):
        self.trace = trace
        self.chain = self.note("chain construction", blake2s(CONSTRUCTION))
        self.hash = self.note("hash identifier", blake2s(self.chain, IDENTIFIER))
        self.mix_hash("responder static", responder_static)

    def note(self, name, value):
        self.trace[name] = value
        return value

    def mix_hash(self, name, data):
        self.hash = self.note(f"hash {name}", blake2s(self.hash, data))

    def mix_chain(self, name, data):
        """A chaining key, no key to seal with."""
        (self.chain,) = hkdf(self.chain, data, 1)
        self.note(f"chain {name}", self.chain)

    def mix_key(self, name, data):
        self.chain, key = hkdf(self.chain, data, 2)
        self.note(f"chain {name}", self.chain)
        return self.note(f"key {name}", key)

    def mix_dh(self, name, private, public):
        shared = self.note(f"shared {name}", x25519(private, public))
        if shared == bytes(KEY_BYTES):
            raise Refused("a public key of small order")
        return self.mix_key(name, shared)

    def mix_psk(self, psk):
        self.chain, between, key = hkdf(self.chain, psk, 3)
        self.note("chain psk", self.chain)
        self.mix_hash("psk", self.note("between psk", between))
        return self.note("key psk", key)

    def seal(self, name, key, plain):
        sealed = self.note(f"sealed {name}", seal(key, nonce(0), plain, self.hash))
        self.mix_hash(name, sealed)
        return sealed

    def unseal(self, name, key, sealed):
        try:
            plain = unseal(key, nonce(0), sealed, self.hash)
        except Forged as error:
            raise Refused(f"sealed {name} is forged") from error
        self.mix_hash(name, sealed)
        return plain


class Handshake:
    """One side of a handshake. What a side does not know is None until a message says it."""

    def __init__(self, static, peer=None, psk=NO_PSK, trace=None):
        self.static, self.peer, self.psk = static, peer, psk
        self.trace = {} if trace is None else trace
        self.noise = self.ephemeral = self.peer_ephemeral = self.index = self.peer_index = self.timestamp = None

    def make_initiation(self, ephemeral, index, timestamp):
        """e, es, s, ss, {timestamp}: 116 bytes, to which with_macs() adds the rest."""
        self.ephemeral, self.index, self.timestamp = ephemeral, index, timestamp
        noise = self.noise = Noise(self.peer, self.trace)
        public = public_key(ephemeral)
        noise.mix_chain("initiator ephemeral", public)
        noise.mix_hash("initiator ephemeral", public)
        key = noise.mix_dh("es", ephemeral, self.peer)
        sealed_static = noise.seal("static", key, public_key(self.static))
        key = noise.mix_dh("ss", self.static, self.peer)
        sealed_timestamp = noise.seal("timestamp", key, timestamp)
        return header(INITIATION, index) + public + sealed_static + sealed_timestamp

    def take_initiation(self, message):
        """The responder learns who calls: peer and timestamp. It is for the caller to know the peer, the psk, and
        whether the timestamp is later than the last."""
        _, self.peer_index, public, sealed_static, sealed_timestamp = struct.unpack("<II32s48s28s", body(message, INITIATION))
        noise = self.noise = Noise(public_key(self.static), self.trace)
        self.peer_ephemeral = public
        noise.mix_chain("initiator ephemeral", public)
        noise.mix_hash("initiator ephemeral", public)
        key = noise.mix_dh("es", self.static, public)
        self.peer = noise.unseal("static", key, sealed_static)
        key = noise.mix_dh("ss", self.static, self.peer)
        self.timestamp = noise.unseal("timestamp", key, sealed_timestamp)

    def make_response(self, ephemeral, index):
        """e, ee, se, psk, {}: 60 bytes, to which with_macs() adds the rest."""
        self.ephemeral, self.index = ephemeral, index
        noise, public = self.noise, public_key(ephemeral)
        noise.mix_chain("responder ephemeral", public)
        noise.mix_hash("responder ephemeral", public)
        noise.mix_dh("ee", ephemeral, self.peer_ephemeral)
        noise.mix_dh("se", ephemeral, self.peer)
        sealed = noise.seal("nothing", noise.mix_psk(self.psk), b"")
        return header(RESPONSE, index, self.peer_index) + public + sealed

    def take_response(self, message):
        _, self.peer_index, index, public, sealed = struct.unpack("<III32s16s", body(message, RESPONSE))
        if index != self.index:
            raise Refused("a response to somebody else")
        noise = self.noise
        self.peer_ephemeral = public
        noise.mix_chain("responder ephemeral", public)
        noise.mix_hash("responder ephemeral", public)
        noise.mix_dh("ee", self.ephemeral, public)
        noise.mix_dh("se", self.static, public)
        noise.unseal("nothing", noise.mix_psk(self.psk), sealed)

    def session(self, initiator):
        """Transport keys. The first is for what the initiator sends."""
        from_initiator, from_responder = hkdf(self.noise.chain, b"", 2)
        self.noise.note("transport from initiator", from_initiator)
        self.noise.note("transport from responder", from_responder)
        keys = (from_initiator, from_responder) if initiator else (from_responder, from_initiator)
        return Session(*keys, self.index, self.peer_index)


def body(message, number):
    """A handshake message without its macs."""
    length = {INITIATION: INITIATION_BYTES, RESPONSE: RESPONSE_BYTES}[number]
    if len(message) != length or kind(message) != number:
        raise Refused(f"not a message of type {number} and {length} bytes")
    return message[:-MACS_BYTES]


# mac1, mac2, cookies (section 5.4.4 and 5.4.7 of the paper)


def with_macs(message, receiver_static, cookie=None):
    """The message with mac1 for who receives it, and with mac2 if there is a cookie."""
    message += keyed_mac(blake2s(LABEL_MAC1, receiver_static), message)
    return message + (keyed_mac(cookie, message) if cookie else NO_MAC2)


def mac1_of(message):
    return message[-MACS_BYTES:-MAC_BYTES]


def mac2_of(message):
    return message[-MAC_BYTES:]


def mac1_is_right(message, receiver_static):
    return mac1_of(message) == keyed_mac(blake2s(LABEL_MAC1, receiver_static), message[:-MACS_BYTES])


def mac2_is_right(message, cookie):
    return mac2_of(message) == keyed_mac(cookie, message[:-MAC_BYTES])


def make_cookie(secret, address, port):
    """`secret` changes every two minutes; `address` are 4 or 16 bytes. The paper leaves open how the port is written, and
    nobody but who makes the cookie ever needs to know: big-endian here."""
    return keyed_mac(secret, address + struct.pack(">H", port))


def make_cookie_reply(message, receiver_static, cookie, random_nonce):
    """The answer to a handshake message with the right mac1, of which only who sent it can learn the cookie."""
    index = struct.unpack_from("<I", message, 4)[0]
    key = blake2s(LABEL_COOKIE, receiver_static)
    return header(COOKIE_REPLY, index) + random_nonce + xseal(key, random_nonce, cookie, mac1_of(message))


def take_cookie_reply(reply, index, mac1, receiver_static):
    """The cookie, for the one message that had this mac1."""
    if len(reply) != COOKIE_REPLY_BYTES or reply[:8] != header(COOKIE_REPLY, index):
        raise Refused("not a cookie reply to this")
    random_nonce, sealed = reply[8 : 8 + XNONCE_BYTES], reply[8 + XNONCE_BYTES :]
    try:
        return xunseal(blake2s(LABEL_COOKIE, receiver_static), random_nonce, sealed, mac1)
    except Forged as error:
        raise Refused("a forged cookie reply") from error


# Transport


def padded(packet, mtu=None):
    """Zeros up to a multiple of 16 bytes, but not beyond the tunnel's MTU."""
    length = len(packet) + -len(packet) % 16
    return packet.ljust(length if mtu is None else max(len(packet), min(length, mtu)), b"\0")


def unpadded(plain):
    """The IP packet in front of the padding; nothing of a keepalive."""
    if not plain:
        return b""
    if plain[0] >> 4 == 4 and len(plain) >= 20:
        length = struct.unpack_from("!H", plain, 2)[0]
    elif plain[0] >> 4 == 6 and len(plain) >= 40:
        length = 40 + struct.unpack_from("!H", plain, 4)[0]
    else:
        raise Refused("not an IP packet")
    if length > len(plain):
        raise Refused("an IP packet without its end")
    return plain[:length]


class Session:
    """The two transport keys, with a counter each. Only who calls knows how old it is."""

    def __init__(self, sending, receiving, index, peer_index):
        self.sending, self.receiving, self.index, self.peer_index = sending, receiving, index, peer_index
        self.counter = 0
        self.seen = set()  # all there ever were: the sliding window without a window

    def seal(self, packet, counter=None, mtu=None):
        """A transport message, with the next counter or another."""
        if counter is None:
            counter, self.counter = self.counter, self.counter + 1
        sealed = seal(self.sending, nonce(counter), padded(packet, mtu))
        return header(TRANSPORT, self.peer_index) + struct.pack("<Q", counter) + sealed

    def unseal(self, message):
        """What is inside, with its padding."""
        if len(message) < TRANSPORT_LEAST or message[:8] != header(TRANSPORT, self.index):
            raise Refused("not a transport message of this session")
        counter = struct.unpack_from("<Q", message, 8)[0]
        if counter in self.seen or counter >= REJECT_AFTER_MESSAGES:
            raise Refused("a counter that was there before, or beyond the last")
        try:
            plain = unseal(self.receiving, nonce(counter), message[HEADER_BYTES:])
        except Forged as error:
            raise Refused("a forged transport message") from error
        self.seen.add(counter)
        return plain


def shake_hands(initiator, responder, index=1, peer_index=2, ephemerals=(b"\x11" * 32, b"\x22" * 32), timestamp=bytes(12)):
    """A whole handshake between two Handshakes in one place. Returns both messages and both sessions."""
    first = with_macs(initiator.make_initiation(ephemerals[0], index, timestamp), initiator.peer)
    responder.take_initiation(first)
    second = with_macs(responder.make_response(ephemerals[1], peer_index), responder.peer)
    initiator.take_response(second)
    return first, second, initiator.session(True), responder.session(False)
