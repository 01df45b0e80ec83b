"""RSA as the providers of China use it: SHA-256 with PKCS #1 v1.5, signatures in base64, keys in PEM."""

from __future__ import annotations

import base64
import re
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from cryptography.x509 import Certificate, load_pem_x509_certificate

_PEM = re.compile(r"-----BEGIN ([A-Z ]+)-----.+?-----END \1-----\n?", re.S)


def sign(key: RSAPrivateKey, text: bytes) -> str:
    """Return the signature (RSA-SHA256, PKCS #1 v1.5) in base64."""
    return base64.b64encode(key.sign(text, PKCS1v15(), SHA256())).decode()


def verifies(key: RSAPublicKey, text: bytes, signature: str) -> bool:
    """Tell whether a signature is of this text, by this key."""
    try:
        key.verify(base64.b64decode(signature, validate=True), text, PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def private_key(pem: str) -> RSAPrivateKey:
    """Return an RSA key from PEM; raises ValueError for anything else."""
    key: Any = load_pem_private_key(pem.encode(), None)
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("not an RSA private key")
    return key


def public_keys(pem: str, *, key_id: str) -> dict[str, RSAPublicKey]:
    """Return the keys in a PEM text by name: a certificate by its serial number, a plain key under `key_id`; raises ValueError.

    While a merchant moves from WeChat's certificates to its public key, both may stand in it.
    """
    found: dict[str, RSAPublicKey] = {}
    for block in _PEM.finditer(pem):
        if block[1] == "CERTIFICATE":
            certificate = load_pem_x509_certificate(block[0].encode())
            found[f"{certificate.serial_number:X}"] = rsa_key_of(certificate)
            continue
        key = load_pem_public_key(block[0].encode())
        if not isinstance(key, RSAPublicKey) or not key_id:
            raise ValueError("not an RSA key with a name")
        found[key_id] = key
    if not found:
        raise ValueError("no key in PEM form")
    return found


def rsa_key_of(certificate: Certificate) -> RSAPublicKey:
    """Return the key of a certificate; raises ValueError where it is none of RSA."""
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey):
        raise ValueError("not an RSA key")
    return key


def certificates(pem: str) -> tuple[Certificate, ...]:
    """Return the certificates in a PEM text; raises ValueError where there is none."""
    found = tuple(
        load_pem_x509_certificate(block[0].encode()) for block in _PEM.finditer(pem) if block[1] == "CERTIFICATE"
    )
    if not found:
        raise ValueError("no certificate in PEM form")
    return found
