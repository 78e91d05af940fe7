"""Time stamps (RFC 3161): the word of a third party that some bytes existed at a time."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from urllib.parse import urlsplit

from asn1crypto import tsp
from pyhanko.sign.general import extract_certificate_info
from pyhanko.sign.timestamps import HTTPTimeStamper, TimestampRequestError
from pyhanko.sign.validation.generic_cms import validate_tst_signed_data

from evaluation.assurance.provenance.manifest import read_bounded, reading
from evaluation.assurance.signatures.messages import trusting, wait_for
from evaluation.errors import UserError, VerificationFailed
from evaluation.language import text


def request_timestamp(content: bytes, url: str) -> bytes:
    """Ask the authority at `url` for a time stamp on the SHA-256 of `content`, which itself stays here.

    Returns
    -------
    The authority's response in DER, as `openssl ts -verify` reads it.

    Raises
    ------
    UserError : no such address, no answer, or no time stamp on these bytes.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise UserError(f"--timestamp {url!a}: expected the http or https address of a time-stamping authority.")
    try:
        token = wait_for(HTTPTimeStamper(url, timeout=20).async_timestamp(hashlib.sha256(content).digest(), "sha256"))
    except (TimestampRequestError, OSError, ValueError) as error:
        raise UserError(
            text(
                f"{url}: nessuna marca temporale ({error}). Non è stato scritto nulla; riprovare, o senza --timestamp.",
                f"{url}: no time stamp ({error}). Nothing was written; try again, or without --timestamp.",
            )
        ) from error
    response: bytes = tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": token}).dump()
    _check(response, content, url)
    return response


def read_timestamp(token: Path, stamped: Path) -> dt.datetime:
    """Return when `stamped` was stamped, if `token` is an intact time stamp on its bytes; who issued it is not assessed.

    Raises
    ------
    VerificationFailed : the token cannot be read, was altered, or is on other bytes.
    """
    return _check(read_bounded(token, 1), read_bounded(stamped), token.name)


def _check(response: bytes, content: bytes, name: str) -> dt.datetime:
    with reading(name):
        signed = tsp.TimeStampResp.load(response, strict=True)["time_stamp_token"]["content"]
        # The authority's own certificate is the root: who stands behind it is another question, not asked here.
        trusted = trusting(extract_certificate_info(signed).signer_cert)
        status = wait_for(
            validate_tst_signed_data(signed, trusted, lambda algorithm: hashlib.new(algorithm, content).digest())
        )
        moment: dt.datetime = status["timestamp"]
    if not (status["intact"] and status["valid"]):
        raise VerificationFailed(f"{name}: not a time stamp on these bytes, or altered since.")
    return moment
