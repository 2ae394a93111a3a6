# SPDX-License-Identifier: Apache-2.0
"""Published vectors for primitives.py: rows of (where from, what it gives, what it should give)."""

import hashlib

import primitives as p

SUNSCREEN = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it."
KEY_00, KEY_80 = bytes(range(32)), bytes(range(0x80, 0xA0))
ADDITIONAL = bytes.fromhex("50515253c0c1c2c3c4c5c6c7")

ALICE = bytes.fromhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
ALICE_PUBLIC = bytes.fromhex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
BOB = bytes.fromhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")
BOB_PUBLIC = bytes.fromhex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")


def x25519_again_and_again(count):
    """RFC 7748, section 5.2: the output becomes the scalar, the scalar the point."""
    k = u = p.BASE_POINT
    for _ in range(count):
        k, u = p.x25519(k, u), k
    return k


def blake2s_input(length):
    """selftest_seq() of RFC 7693, appendix E, with the length as its seed: upper bytes of a Fibonacci sequence."""
    a, b, out = 0xDEAD4BAD * length & p.MASK, 1, bytearray()
    for _ in range(length):
        a, b = b, (a + b) & p.MASK
        out.append(b >> 24)
    return bytes(out)


def blake2s_grand_hash():
    """RFC 7693, appendix E: a hash over hashes of many lengths, with keys and without."""
    total = hashlib.blake2s()
    for size in (16, 20, 28, 32):
        for length in (0, 3, 64, 65, 255, 1024):
            for key in (b"", blake2s_input(size)):
                total.update(hashlib.blake2s(blake2s_input(length), digest_size=size, key=key).digest())
    return total.digest()


ROWS = [
    ("RFC 7748, section 5.2, first",
     lambda: p.x25519(bytes.fromhex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"),
                      bytes.fromhex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c")),
     "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"),
    ("RFC 7748, section 5.2, second",
     lambda: p.x25519(bytes.fromhex("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d"),
                      bytes.fromhex("e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493")),
     "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"),
    ("RFC 7748, section 5.2, once", lambda: x25519_again_and_again(1),
     "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079"),
    ("RFC 7748, section 5.2, 1000 times", lambda: x25519_again_and_again(1000),
     "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51"),
    ("RFC 7748, section 6.1, Alice", lambda: p.public_key(ALICE), ALICE_PUBLIC.hex()),
    ("RFC 7748, section 6.1, Bob", lambda: p.public_key(BOB), BOB_PUBLIC.hex()),
    ("RFC 7748, section 6.1, shared", lambda: p.x25519(ALICE, BOB_PUBLIC),
     "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"),
    ("RFC 8439, section 2.3.2, a block", lambda: p.chacha20_block(KEY_00, 1, bytes.fromhex("000000090000004a00000000")),
     "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e"
     "d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e"),
    ("RFC 8439, section 2.4.2, encryption",
     lambda: p.chacha20(KEY_00, 1, bytes.fromhex("000000000000004a00000000"), SUNSCREEN),
     "6e2e359a2568f98041ba0728dd0d6981e97e7aec1d4360c20a27afccfd9fae0bf91b65c5524733ab8f593dabcd62b357"
     "1639d624e65152ab8f530c359f0861d807ca0dbf500d6a6156a38e088a22b65e52bc514d16ccf806818ce91ab7793736"
     "5af90bbf74a35be6b40b8eedf2785e42874d"),
    ("RFC 8439, section 2.5.2, Poly1305",
     lambda: p.poly1305(bytes.fromhex("85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b"),
                        b"Cryptographic Forum Research Group"),
     "a8061dc1305136c6c22b8baf0c0127a9"),
    ("RFC 8439, section 2.8.2, AEAD",
     lambda: p.seal(KEY_80, bytes.fromhex("070000004041424344454647"), SUNSCREEN, ADDITIONAL),
     "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b"
     "1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
     "3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691"),
    ("draft-irtf-cfrg-xchacha-03, section 2.2.1, HChaCha20",
     lambda: p.hchacha20(KEY_00, bytes.fromhex("000000090000004a0000000031415927")),
     "82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc"),
    ("draft-irtf-cfrg-xchacha-03, appendix A.3.1, AEAD",
     lambda: p.xseal(KEY_80, bytes(range(0x40, 0x58)), SUNSCREEN, ADDITIONAL),
     "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39"
     "ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
     "21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49"),
    ("RFC 7693, appendix B, BLAKE2s of abc", lambda: p.blake2s(b"abc"),
     "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982"),
    ("RFC 7693, appendix E, many lengths and keys", blake2s_grand_hash,
     "6a411f08ce25adcdfb02aba641451cec53c598b24f4fc787fbdc88797f4c1dfe"),
]
