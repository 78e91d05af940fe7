"""Time from an authority, and what a signature needs to be validated long after: issuers and revocation lists."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from asn1crypto.cms import ContentInfo
from pyhanko.sign.timestamps import HTTPTimeStamper, TimestampRequestError
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.fetchers.requests_fetchers import RequestsFetcherBackend

from evaluation.assurance.signatures.trust import Trust
from evaluation.errors import UserError
from evaluation.language import text

TIMEOUT = 20  # seconds


class Stamper(HTTPTimeStamper):
    """A client of a time-stamping authority that takes any answer but a time stamp for a failure."""

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> ContentInfo:
        """Return a time stamp; TimestampRequestError if none came."""
        try:
            return await super().async_timestamp(message_digest, md_algorithm)
        except (ValueError, TypeError, KeyError) as error:
            raise TimestampRequestError("the answer is no time stamp") from error


@dataclass(frozen=True)
class Authorities:
    """Who stamps the time (level B-T) and, for a signature that outlives its certificates, who issued them (B-LTA)."""

    timestamper: Stamper
    issuers: Trust | None = None

    @classmethod
    def at(cls, url: str, issuers: Path | None = None) -> Authorities:
        """Take the time-stamping authority (RFC 3161) at an address, and the issuers of all certificates from a PEM file.

        Raises
        ------
        UserError
            No such address can be, or the file holds no certificate.
        """
        if urlsplit(url).scheme not in ("http", "https"):
            raise UserError(
                text(
                    f"--timestamp {url!a}: atteso l'indirizzo http o https di un'autorità di marcatura temporale.",
                    f"--timestamp {url!a}: expected the http or https address of a time-stamping authority.",
                )
            )
        return cls(Stamper(url, timeout=TIMEOUT), Trust.from_pem(issuers) if issuers else None)

    def validation(self) -> ValidationContext | None:
        """Return how chains are validated while signing, revocation lists fetched; None where no issuer is known."""
        if self.issuers is None:
            return None
        roots = [each for each in self.issuers.roots if each.self_signed != "no"]
        return ValidationContext(
            trust_roots=roots,
            other_certs=self.issuers.roots,
            crls=self.issuers.crls,
            allow_fetching=True,
            fetcher_backend=RequestsFetcherBackend(per_request_timeout=TIMEOUT),
            revocation_mode="hard-fail",
        )
