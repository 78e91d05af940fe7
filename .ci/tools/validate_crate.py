"""Hold a report's crate against the required checks of roc-validator, without a network.

    python validate_crate.py REPORT CONTEXT

Runs in roc-validator's own environment (`.ci/roc-validator.lock`). CONTEXT is the RO-Crate context that the package
`rocrate` carries, which gives every term of ours the address that 1.1 gives it; it answers for the address that the
crate names, and any other request fails. Prints one line for each issue, and exits with 1 if there is any.
"""

from __future__ import annotations

import sys
from pathlib import Path
from unittest.mock import patch

import requests
from rocrate_validator import services
from rocrate_validator.models import ValidationSettings

CONTEXT = "https://w3id.org/ro/crate/1.1/context"
PROFILE = "process-run-crate-0.5"


def answering(context: bytes) -> object:
    """Return what stands in for the network: the context at its own address, and nothing else."""

    def send(_: requests.Session, request: requests.PreparedRequest, **_options: object) -> requests.Response:
        if request.url != CONTEXT:
            raise requests.ConnectionError(f"{request.url}: no network here", request=request)
        response = requests.Response()
        response.status_code, response.url, response.request = 200, CONTEXT, request
        response.headers["Content-Type"] = "application/ld+json"
        response._content = context
        return response

    return send


def main(report: Path, context: Path) -> int:
    """Validate, print the issues, return the exit code."""
    settings = ValidationSettings(
        rocrate_uri=str(report), profile_identifier=PROFILE, requirement_severity="REQUIRED", no_cache=True
    )
    with patch.object(requests.Session, "send", answering(context.read_bytes())):
        result = services.validate(settings)
    issues = result.get_issues()
    for issue in issues:
        print(f"{issue.check.identifier}: {issue.message}")
    print(f"{len(issues)} issues; {len(result.executed_checks)} checks of {PROFILE}")
    return 1 if issues or not result.executed_checks else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
