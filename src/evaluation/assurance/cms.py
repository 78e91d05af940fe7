"""Cryptographic messages (RFC 5652): one signer of several, the message of two signers, what no signature covers."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from asn1crypto.cms import AttCertAttribute, ContentInfo, SignedData
from asn1crypto.core import Void
from asn1crypto.x509 import Certificate, GeneralName
from pyhanko_certvalidator import ValidationContext

from evaluation.assurance.fields import ROLES, Role

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
    return [SignedData({**_parts(message), "signer_infos": [info]}) for info in message["signer_infos"]]


def both(first: bytes, second: bytes) -> bytes:
    """Return one message, in DER, with the signers of two messages about the same content."""
    one, other = (ContentInfo.load(each, strict=True)["content"] for each in (first, second))
    merged = _parts(one)
    for part in ("digest_algorithms", "certificates"):
        merged[part] = list({each.dump(): each for each in (*one[part], *other[part])}.values())
    message = SignedData({**merged, "signer_infos": [*one["signer_infos"], *other["signer_infos"]]})
    der: bytes = ContentInfo({"content_type": "signed_data", "content": message}).dump()
    return der


def is_canonical(data: bytes) -> bool:
    """Tell whether a message is in DER, padded with zeros only, in all that no signature covers."""
    content = ContentInfo.load(data)["content"]
    der: bytes = ContentInfo({"content_type": "signed_data", "content": content}).dump()
    infos = content["signer_infos"]
    plain = all((info["version"].native == "v1") == (info["sid"].name == "issuer_and_serial_number") for info in infos)
    first = content["encap_content_info"]["content_type"].native == "data" and all(
        info["version"].native == "v1" for info in infos
    )
    used, listed = [info["digest_algorithm"].native for info in infos], content["digest_algorithms"].native
    same = all(each in used for each in listed) and all(each in listed for each in used)
    padded = data.startswith(der) and not data[len(der) :].strip(b"\0")
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


def _parts(message: SignedData) -> dict[str, Any]:
    """Return what a message holds, but its signers."""
    present = (name for name in message if not isinstance(message[name], Void))
    return {name: message[name].copy() for name in present if name != "signer_infos"}
