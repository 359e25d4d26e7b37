# SPDX-License-Identifier: LGPL-2.1-or-later
"""Encrypts a file as a LUKS2 device, on a machine whose kernel need not have dm-crypt."""

import ctypes
import os
import pathlib
import struct
import subprocess
import tempfile

_SECTOR = 512
_HEADER = 16 << 20


def _encrypt_xts(key, content):
    """aes-xts-plain64, as dm-crypt has it: the number of the sector is the initial vector."""
    crypto = ctypes.CDLL("libcrypto.so.3")
    for name in ("EVP_CIPHER_CTX_new", "EVP_aes_256_xts"):
        getattr(crypto, name).restype = ctypes.c_void_p
    context = ctypes.c_void_p(crypto.EVP_CIPHER_CTX_new())
    cipher = ctypes.c_void_p(crypto.EVP_aes_256_xts())
    assert crypto.EVP_EncryptInit_ex(context, cipher, None, key, bytes(16)) == 1
    encrypted, length, sector = bytearray(), ctypes.c_int(), ctypes.create_string_buffer(_SECTOR)
    for number in range(len(content) // _SECTOR):
        assert crypto.EVP_EncryptInit_ex(context, None, None, None, struct.pack("<QQ", number, 0)) == 1
        plain = content[number * _SECTOR:(number + 1) * _SECTOR]
        assert crypto.EVP_EncryptUpdate(context, sector, ctypes.byref(length), plain, _SECTOR) == 1
        encrypted += sector.raw
    crypto.EVP_CIPHER_CTX_free(context)
    return bytes(encrypted)


def encrypt(plain, encrypted, passphrase):
    """The passphrase is tried fast, as no real one should be."""
    content = pathlib.Path(plain).read_bytes()
    content += bytes(-len(content) % 4096)
    key = os.urandom(64)
    with tempfile.NamedTemporaryFile() as file:
        file.write(key)
        file.flush()
        with open(encrypted, "wb") as image:
            image.truncate(_HEADER + len(content))
        subprocess.run(["cryptsetup", "luksFormat", "--batch-mode", "--force-password", "--type=luks2", "--pbkdf=pbkdf2",
                        "--pbkdf-force-iterations=1000", "--cipher=aes-xts-plain64", "--key-size=512",
                        "--sector-size=512", f"--offset={_HEADER // _SECTOR}", f"--volume-key-file={file.name}",
                        "--key-file=-", str(encrypted)], input=passphrase.encode(), check=True, capture_output=True)
    with open(encrypted, "r+b") as image:
        image.seek(_HEADER)
        image.write(_encrypt_xts(key, content))
