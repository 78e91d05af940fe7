"""Cryptographic messages (RFC 5652): one signer of several, the message of two signers, what no signature covers."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from asn1crypto.cms import AttCertAttribute, CMSAttributeType, ContentInfo, ContentType, SignedData, SignerInfo
from asn1crypto.parser import emit, parse
from asn1crypto.x509 import Certificate, GeneralName
from pyhanko.sign.timestamps import TimeStamper
from pyhanko_certvalidator import ValidationContext

from evaluation.assurance.signatures.fields import ROLES, Role

_SIGNED = {
    "content_type", "message_digest", "signing_time", "signing_certificate", "signing_certificate_v2", "signer_attributes_v2",
}  # fmt: skip
_ROLE_NAME = "urn:evaluation:role:"
_Result = TypeVar("_Result")


def wait_for(work: Coroutine[object, object, _Result]) -> _Result:
    """Run a coroutine to its end, also where an event loop already runs, as it does in a notebook."""
    with ThreadPoolExecutor(max_workers=1) as threads:
        return threads.submit(asyncio.run, work).result()


def trusting(*certificates: Certificate) -> ValidationContext:
    """Take these certificates as the roots: who issued them is another question, asked of the contract."""
    return ValidationContext(trust_roots=certificates, allow_fetching=False)


def signers(message: SignedData) -> list[SignedData]:
    """Return the message of each signer alone; the message itself where there is but one."""
    parts, infos = _taken_apart(message)
    return [SignedData.load(_sequence(*parts, _set_of([info]))) for info in infos]


def both(first: bytes, second: bytes) -> bytes:
    """Return one message, in DER, with the signers of two messages that this project made about the same content."""
    one, other = (_taken_apart(ContentInfo.load(each, strict=True)["content"]) for each in (first, second))
    parts = [_union(*pair) if _is_set(pair[0]) else pair[0] for pair in zip(one[0], other[0], strict=True)]
    return _enveloped(_sequence(*parts, _set_of([*one[1], *other[1]])))


def stamped(signed: bytes, stamper: TimeStamper) -> bytes:
    """Return the message of one signer, in DER, with a time stamp on the signature (level B-T)."""
    message = ContentInfo.load(signed, strict=True)["content"]
    (signer,) = message["signer_infos"]
    token = wait_for(stamper.async_timestamp(hashlib.sha256(signer["signature"].native).digest(), "sha256"))
    stamp = _sequence(CMSAttributeType("signature_time_stamp_token").dump(), _set_of([token.dump()]))
    parts, (info,) = _taken_apart(message)
    known = _members(parse(info)[4])
    return _enveloped(_sequence(*parts, _set_of([_sequence(*known, emit(2, 1, 1, stamp))])))


def has_signed_attributes(info: SignerInfo) -> bool:
    """Tell whether a signer signed attributes; who signed none may have signed what now stands there as the content.

    A signature over attributes is also one over a content of the same bytes (draft-ietf-lamps-cms-euf-cma-signeddata).
    """
    return bool(len(info["signed_attrs"]))


def is_canonical(data: bytes) -> bool:
    """Tell whether a message is in DER, padded with zeros only, in all that no signature covers.

    Nothing that has to be signed stands among what nothing signs (RFC 5652, 11; RFC 5035, 5).
    """
    content = ContentInfo.load(data)["content"]
    der = _enveloped(_sequence(content.contents))
    infos = content["signer_infos"]
    plain = all((info["version"].native == "v1") == (info["sid"].name == "issuer_and_serial_number") for info in infos)
    first = content["encap_content_info"]["content_type"].native == "data" and all(
        info["version"].native == "v1" for info in infos
    )
    used, listed = [info["digest_algorithm"].native for info in infos], content["digest_algorithms"].native
    same = all(each in used for each in listed) and all(each in listed for each in used)
    padded = data.startswith(der) and not data[len(der) :].strip(b"\0")
    plain = plain and not any(each["type"].native in _SIGNED for info in infos for each in info["unsigned_attrs"])
    return plain and content["version"].native == ("v1" if first else "v3") and same and padded


def is_hexadecimal(hole: bytes, content: bytes) -> bool:
    """Tell whether the part of a PDF that its signature leaves out is the signature itself, in digits of one case."""
    return hole[:1] + hole[-1:] == b"<>" and hole[1:-1].decode() in (content.hex(), content.hex().upper())


def claimed(role: Role) -> AttCertAttribute:
    """Return the attribute by which a signer states a role (RFC 5755, 4.4.5; ETSI EN 319 122-1, 5.2.6)."""
    name = GeneralName("uniform_resource_identifier", _ROLE_NAME + role)
    return AttCertAttribute({"type": "role", "values": [{"role_name": name}]})


def stated_role(message: SignedData) -> Role | None:
    """Return the role that the one signer of a message states under signature; None if it states none of ours."""
    attributes = message["signer_infos"][0]["signed_attrs"]
    stated = [each["values"].native for each in attributes if each["type"].native == "signer_attributes_v2"]
    claims = [claim for values in stated for value in values for claim in value["claimed_attributes"] or ()]
    names = [name["role_name"] for claim in claims if claim["type"] == "role" for name in claim["values"]]
    return next((role for role in ROLES if _ROLE_NAME + role in names), None)


# Messages are taken apart and put together as bytes: asn1crypto takes any length whose last octet is 80 hexadecimal for
# an indefinite one, and to encode a time stamp anew takes it minutes.
def _taken_apart(message: SignedData) -> tuple[list[bytes], list[bytes]]:
    """Return the parts of a message, encoded, without its signers; and the signers."""
    *parts, infos = _members(message.contents)
    return parts, _members(parse(infos)[4])


def _members(contents: bytes) -> list[bytes]:
    """Return the values that stand one after another."""
    found = []
    while contents:
        whole = b"".join(parse(contents)[3:])
        found.append(whole)
        contents = contents[len(whole) :]
    return found


def _is_set(part: bytes) -> bool:
    """Tell whether a part of a message is a set: its digest algorithms, its certificates (RFC 5652, 5.1)."""
    return part[:1] in (b"\x31", b"\xa0")


def _union(one: bytes, other: bytes) -> bytes:
    """Return the set of the members of two sets, in the order of DER."""
    family, method, tag, *_ = parse(one)
    members = {member for each in (one, other) for member in _members(parse(each)[4])}
    whole: bytes = emit(family, method, tag, b"".join(sorted(members)))
    return whole


def _sequence(*members: bytes) -> bytes:
    whole: bytes = emit(0, 1, 16, b"".join(members))
    return whole


def _set_of(members: Iterable[bytes]) -> bytes:
    whole: bytes = emit(0, 1, 17, b"".join(sorted(members)))
    return whole


def _enveloped(message: bytes) -> bytes:
    """Return a message as the file that holds it."""
    return _sequence(ContentType("signed_data").dump(), emit(2, 1, 0, message))
