#!/usr/bin/env python3
"""Computes the vectors in the tests of trust with Python's own hmac and hashlib, independent of mbedTLS. The sealed file takes
libargon2, and Debian's python3-cryptography."""
import base64
import ctypes
import hashlib
import hmac

P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
G = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
     0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)
SPKI_HEAD = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")


def hkdf(salt, ikm, info, length):
    prk = hmac.new(salt or bytes(32), ikm, hashlib.sha256).digest()
    out, block = b"", b""
    while len(out) < length:
        block = hmac.new(prk, block + info + bytes([len(out) // 32 + 1]), hashlib.sha256).digest()
        out += block
    return out[:length]


def add(a, b):
    if a is None or b is None:
        return a or b
    if a[0] == b[0] and (a[1] + b[1]) % P == 0:
        return None
    if a == b:
        slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, P)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def mul(scalar, point):
    result = None
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def bits2octets(digest):
    return (int.from_bytes(digest, "big") % N).to_bytes(32, "big")


def sign(scalar, message):
    """ECDSA with the deterministic nonce of RFC 6979."""
    digest = hashlib.sha256(message).digest()
    v, k = b"\1" * 32, b"\0" * 32
    seed = scalar.to_bytes(32, "big") + bits2octets(digest)
    for tag in (b"\0", b"\1"):
        k = hmac.new(k, v + tag + seed, hashlib.sha256).digest()
        v = hmac.new(k, v, hashlib.sha256).digest()
    while True:
        v = hmac.new(k, v, hashlib.sha256).digest()
        nonce = int.from_bytes(v, "big")
        if 0 < nonce < N:
            r = mul(nonce, G)[0] % N
            s = (int.from_bytes(digest, "big") + r * scalar) * pow(nonce, -1, N) % N
            if r and s:
                return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        k = hmac.new(k, v + b"\0", hashlib.sha256).digest()
        v = hmac.new(k, v, hashlib.sha256).digest()


seed = bytes(range(16))
scalar = int.from_bytes(hkdf(b"", seed, b"hearthgate root v1", 48), "big") % (N - 1) + 1
point = mul(scalar, G)
spki = SPKI_HEAD + point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big")
print("scalar", f"{scalar:064x}")
print("home", base64.b32encode(hashlib.sha256(spki).digest()).decode().lower().rstrip("="))
print("owner", hkdf(b"", seed, b"hearthgate owner v1", 32).hex())
print("backup", hkdf(b"", seed, b"backup", 32).hex())
for code in ("000000000000000", "0123456789ABCDE", "HEARTH0ZYXWVTSR"):
    print("psk", code, hkdf(b"hearthgate pair v1", code.encode(), b"psk", 32).hex())
for context in ("key", "circle", "pair", "update"):
    message = b" " * 64 + f"hearthgate/{context}/v1".encode() + b"\0" + b"\0\0\0\5field"
    print("signature", context, sign(scalar, message).hex())


def sealed(magic, content, passphrase, memory_kib, passes, salt, nonce):
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
    key = ctypes.create_string_buffer(32)
    code = ctypes.CDLL("libargon2.so.1").argon2id_hash_raw(
        ctypes.c_uint32(passes), ctypes.c_uint32(memory_kib), ctypes.c_uint32(1), passphrase, ctypes.c_size_t(len(passphrase)),
        salt, ctypes.c_size_t(len(salt)), key, ctypes.c_size_t(32))
    assert code == 0, code
    head = magic + b"\1\1" + b"".join(n.to_bytes(4, "big") for n in (memory_kib, passes, 1)) + salt + nonce
    file = head + ChaCha20Poly1305(key.raw).encrypt(nonce, content, head)
    return file + hashlib.sha256(file).digest()


print("sealed", sealed(b"HGSEED", seed, b"open sesame", 64, 2, bytes(range(16, 32)), bytes(range(32, 44))).hex())
