# SPDX-License-Identifier: Apache-2.0
"""The primitives of WireGuard's protocol in plain Python: slow, not constant in time, easy to compare with what defines them.

    X25519               RFC 7748, section 5
    ChaCha20, Poly1305   RFC 8439, sections 2.3 to 2.8
    XChaCha20-Poly1305   draft-irtf-cfrg-xchacha, section 2
    BLAKE2s              RFC 7693, from hashlib
    HMAC                 RFC 2104, from hmac

For tests only."""

import hashlib
import hmac
import struct

KEY_BYTES = HASH_BYTES = 32
TAG_BYTES = MAC_BYTES = 16
XNONCE_BYTES = 24
MASK = 0xFFFFFFFF


class Forged(ValueError):
    """A tag that does not fit."""


# X25519

FIELD = 2**255 - 19
A24 = 121665
BASE_POINT = b"\x09" + bytes(31)


def clamp(private):
    scalar = bytearray(private)
    scalar[0] &= 248
    scalar[31] = scalar[31] & 127 | 64
    return int.from_bytes(scalar, "little")


def x25519(private, public):
    """The Montgomery ladder, with the letters of RFC 7748."""
    scalar = clamp(private)
    x1 = int.from_bytes(public, "little") & (1 << 255) - 1
    x2, z2, x3, z3, swapped = 1, 0, x1, 1, 0
    for bit in reversed(range(255)):
        now = scalar >> bit & 1
        if swapped ^ now:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swapped = now
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        aa, bb, da, cb = a * a, b * b, d * a, c * b
        e = aa - bb
        x3, z3 = (da + cb) ** 2 % FIELD, x1 * (da - cb) ** 2 % FIELD
        x2, z2 = aa * bb % FIELD, e * (aa + A24 * e) % FIELD
    if swapped:
        x2, z2 = x3, z3
    return (x2 * pow(z2, FIELD - 2, FIELD) % FIELD).to_bytes(KEY_BYTES, "little")


def public_key(private):
    return x25519(private, BASE_POINT)


# ChaCha20

CONSTANTS = b"expand 32-byte k"
COLUMNS = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15))
DIAGONALS = ((0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))


def rotated(word, bits):
    return (word << bits | word >> 32 - bits) & MASK


def quarter_round(state, a, b, c, d):
    for target, other, changed, bits in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        state[target] = (state[target] + state[other]) & MASK
        state[changed] = rotated(state[changed] ^ state[target], bits)


def chacha20_rounds(state):
    state = list(state)
    for _ in range(10):
        for words in COLUMNS + DIAGONALS:
            quarter_round(state, *words)
    return state


def chacha20_block(key, counter, nonce):
    before = struct.unpack("<16I", CONSTANTS + key + struct.pack("<I", counter) + nonce)
    after = chacha20_rounds(before)
    return struct.pack("<16I", *((old + new) & MASK for old, new in zip(before, after)))


def chacha20(key, counter, nonce, data):
    blocks = b"".join(chacha20_block(key, counter + at, nonce) for at in range((len(data) + 63) // 64))
    return bytes(byte ^ stream for byte, stream in zip(data, blocks))


def hchacha20(key, nonce):
    """A key from a key and the first 16 bytes of a long nonce."""
    state = chacha20_rounds(struct.unpack("<16I", CONSTANTS + key + nonce))
    return struct.pack("<8I", *state[:4], *state[12:])


# Poly1305

PRIME = 2**130 - 5


def poly1305(key, data):
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    s = int.from_bytes(key[16:], "little")
    total = 0
    for at in range(0, len(data), 16):
        total = (total + int.from_bytes(data[at : at + 16] + b"\1", "little")) * r % PRIME
    return ((total + s) % (1 << 128)).to_bytes(TAG_BYTES, "little")


# AEADs

def padding(data):
    return bytes(-len(data) % 16)


def tag_of(key, nonce, sealed, additional):
    lengths = struct.pack("<QQ", len(additional), len(sealed))
    one_time = chacha20_block(key, 0, nonce)[:32]
    return poly1305(one_time, additional + padding(additional) + sealed + padding(sealed) + lengths)


def seal(key, nonce, plain, additional=b""):
    """ChaCha20-Poly1305: what is to be sent, the tag at its end."""
    sealed = chacha20(key, 1, nonce, plain)
    return sealed + tag_of(key, nonce, sealed, additional)


def unseal(key, nonce, message, additional=b""):
    sealed, tag = message[:-TAG_BYTES], message[-TAG_BYTES:]
    if len(message) < TAG_BYTES or tag != tag_of(key, nonce, sealed, additional):
        raise Forged("the tag is wrong")
    return chacha20(key, 1, nonce, sealed)


def x_inner(key, nonce):
    return hchacha20(key, nonce[:16]), bytes(4) + nonce[16:]


def xseal(key, nonce, plain, additional=b""):
    return seal(*x_inner(key, nonce), plain, additional)


def xunseal(key, nonce, message, additional=b""):
    return unseal(*x_inner(key, nonce), message, additional)


# Hashes

def blake2s(*data):
    return hashlib.blake2s(b"".join(data), digest_size=HASH_BYTES).digest()


def keyed_mac(key, *data):
    """BLAKE2s with a key, 16 bytes long."""
    return hashlib.blake2s(b"".join(data), key=key, digest_size=MAC_BYTES).digest()


def hmac_blake2s(key, *data):
    return hmac.new(key, b"".join(data), hashlib.blake2s).digest()


def hkdf(key, data, count):
    """KDF1, KDF2 and KDF3 of the paper: RFC 5869 with HMAC-BLAKE2s, as many outputs of 32 bytes."""
    secret, output, outputs = hmac_blake2s(key, data), b"", []
    for number in range(1, count + 1):
        output = hmac_blake2s(secret, output, bytes([number]))
        outputs.append(output)
    return outputs
