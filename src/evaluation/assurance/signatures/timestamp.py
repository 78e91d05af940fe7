"""Time stamps (RFC 3161): the word of a third party that some bytes existed at a time."""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from asn1crypto import tsp
from pyhanko.sign.timestamps import HTTPTimeStamper, TimestampRequestError

from evaluation.assurance.signatures.messages import wait_for
from evaluation.assurance.signatures.stamps import Stamp, is_of, read_token
from evaluation.assurance.signatures.trust import Carried, Trust
from evaluation.errors import UserError, VerificationFailed
from evaluation.files import read_bounded, reading
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
    _check(response, content, url, None)
    return response


def read_timestamp(token: Path, stamped: Path, trust: Trust | None = None) -> Stamp:
    """Return when `stamped` was stamped, if `token` is an intact time stamp on its bytes; confirmed if `trust` confirms it.

    Raises
    ------
    VerificationFailed : the token cannot be read, was altered, or is on other bytes.
    """
    return _check(read_bounded(token, 1), read_bounded(stamped), token.name, trust)


def _check(response: bytes, content: bytes, name: str, trust: Trust | None) -> Stamp:
    with reading(name):
        token = tsp.TimeStampResp.load(response, strict=True)["time_stamp_token"]["content"]
        genuine = is_of(partial(_digest, content), token)
        stamp = read_token(partial(_digest, content), token, Carried(()), trust)
    if not genuine:
        raise VerificationFailed(f"{name}: not a time stamp on these bytes, or altered since.")
    return stamp


def _digest(content: bytes, algorithm: str) -> bytes:
    return hashlib.new(algorithm, content).digest()
