"""Signatures over one identity: an in-toto statement about a model version, in a DSSE envelope, signed with Ed25519.

A version's identity is the hash of its record, which names its content and its run by their hashes, so one signature
covers all of it. Sources of the formats: DSSE 1.0 (what is signed is its pre-authentication encoding), in-toto
Statement v1, SLSA provenance v1, RFC 8032 (Ed25519).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_cli.base.errors import UserError
from mlops_cli.base.hashing import Oid, hash_bytes
from mlops_cli.base.records import BadRecord, Json, canonical, decode

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ALGORITHM = "ed25519:"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT = "https://in-toto.io/Statement/v1"
PROVENANCE = "https://slsa.dev/provenance/v1"
DIGEST = "blake3"
KEY_DIGITS = 16


@dataclass(frozen=True)
class OneSignature:
    """One signature of an envelope; `keyid` is a hint, and never believed."""

    keyid: str
    sig: str


@dataclass(frozen=True)
class Envelope:
    """DSSE: bytes (in base64), what they are, and who signed them."""

    payload: str
    payloadType: str  # noqa: N815 - the format's word
    signatures: tuple[OneSignature, ...]


@dataclass(frozen=True)
class Subject:
    """What a statement is about."""

    name: str
    digest: Mapping[str, str]


@dataclass(frozen=True)
class Statement:
    """What of an in-toto statement is read back."""

    subject: tuple[Subject, ...]
    predicateType: str  # noqa: N815 - the format's word


def statement(name: str, version: Oid, predicate: Json) -> bytes:
    """The statement that `version` is what the provenance `predicate` (SLSA v1) says; `name` is for people."""
    subject = {"name": name, "digest": {DIGEST: version}}
    return canonical({"_type": STATEMENT, "subject": [subject], "predicateType": PROVENANCE, "predicate": predicate})


def new_key() -> tuple[bytes, str]:
    """A fresh key: the private half as PEM (PKCS 8, without a passphrase), the public half as `ed25519:BASE64`."""
    _need_library()
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    encoding, no = serialization.Encoding.PEM, serialization.NoEncryption()
    return key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, no), _public(key)


def sign(private: bytes, payload: bytes) -> tuple[bytes, str]:
    """The envelope of a statement signed with a private key (PEM), and that key's public half. Raises UserError."""
    key = _private(private)
    public = _public(key)
    signature = base64.b64encode(key.sign(encoded(PAYLOAD_TYPE, payload))).decode()
    envelope = Envelope(base64.b64encode(payload).decode(), PAYLOAD_TYPE, (OneSignature(key_id(public), signature),))
    return canonical(envelope), public


def fault_of(envelope: bytes, public: str, version: Oid) -> str | None:
    """What is wrong with an envelope as the signature over `version` with the key `public`; None: nothing.

    Raises UserError where the public key is none, or the library for signatures is not installed.
    """
    _need_library()
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    key = Ed25519PublicKey.from_public_bytes(raw_key(public))
    try:
        found = decode(envelope, Envelope)
        payload = base64.b64decode(found.payload, validate=True)
        signatures = [base64.b64decode(item.sig, validate=True) for item in found.signatures]
    except (BadRecord, binascii.Error):
        return "it is no signed envelope"
    message = encoded(found.payloadType, payload)
    for signature in signatures:
        try:
            key.verify(signature, message)
        except InvalidSignature:
            continue
        return _fault_of_statement(found.payloadType, payload, version)
    return "the signature does not fit: the text was changed, or another key has signed it"


def _fault_of_statement(kind: str, payload: bytes, version: Oid) -> str | None:
    if kind != PAYLOAD_TYPE:
        return f"it signs {kind}, not a statement"
    try:
        said = decode(payload, Statement)
    except BadRecord:
        return "it signs no statement"
    signed = [subject.digest.get(DIGEST) for subject in said.subject]
    if version not in signed:
        others = ", ".join(f"{subject.name} ({str(subject.digest.get(DIGEST))[:12]})" for subject in said.subject)
        return f"it signs another version: {others}"
    return None if said.predicateType == PROVENANCE else f"it says something else than provenance: {said.predicateType}"


def encoded(kind: str, payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding: with the lengths in bytes no other kind and payload give the same."""
    name = kind.encode()
    return b"DSSEv1 %d %s %d %s" % (len(name), name, len(payload), payload)


def raw_key(public: str) -> bytes:
    """The 32 bytes of a public key written as `ed25519:BASE64`. Raises UserError."""
    try:
        raw = base64.b64decode(public.removeprefix(ALGORITHM), validate=True)
    except binascii.Error:
        raw = b""
    if not public.startswith(ALGORITHM) or len(raw) != 32:
        raise UserError(f"'{public}' is no public key", "mlops sign --new FILE makes a key and prints its public half")
    return raw


def key_id(public: str) -> str:
    """A short name for a public key. Raises UserError for what is none."""
    return hash_bytes(raw_key(public))[:KEY_DIGITS]


def _public(key: Ed25519PrivateKey) -> str:
    return ALGORITHM + base64.b64encode(key.public_key().public_bytes_raw()).decode()


def _private(text: bytes) -> Ed25519PrivateKey:
    _need_library()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    hint = "mlops sign --new FILE makes one"
    try:
        key = load_pem_private_key(text, None)
    except TypeError:
        raise UserError("the private key has a passphrase", f"a key without one is needed: {hint}") from None
    except (ValueError, UnsupportedAlgorithm):
        raise UserError("this is no private key in PEM form", hint) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise UserError("the private key is not of the kind Ed25519", hint)
    return key


def _need_library() -> None:
    try:
        import cryptography  # noqa: F401 - whether it is there is the question
    except ImportError:
        raise UserError("signatures need the library cryptography", "pip install 'mlops-cli[sign]'") from None
