"""Choices: entries of a protocol set otherwise for one run, which is then exploratory and says so everywhere.

A choice is a dotted path and a value; entries of a list are named by their id: `analysis.estimator: ancova`,
`outcomes.steam.of: [interest, task]`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import takewhile
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from evaluation.errors import UserError
from evaluation.files import read_bounded, reading
from evaluation.language import Text, text
from evaluation.report_folder import CHOICES
from evaluation.study.documents import read_document, read_value, shown_defects
from evaluation.study.findings import Findings, nearest
from evaluation.study.protocol import Protocol

ALLOWED = ("covariates", "analysis", "outcomes", "population", "exclusions")
Choices = Mapping[str, Any]


def parse_choices(given: Iterable[str]) -> dict[str, Any]:
    """Read `PATH=VALUE` as the command line gives it, the value in YAML; UserError if one is not of that form."""
    choices: dict[str, Any] = {}
    for one in given:
        path, equals, value = one.partition("=")
        try:
            choices[path.strip()] = read_value(value)
        except yaml.YAMLError:
            equals = ""
        if not equals:
            raise UserError(
                text(
                    f"--choice {one}: atteso PERCORSO=VALORE, il valore in YAML, come analysis.estimator=ancova.",
                    f"--choice {one}: expected PATH=VALUE, the value in YAML, such as analysis.estimator=ancova.",
                )
            )
    return choices


def choose(protocol: Protocol, choices: Choices) -> Protocol:
    """Return the protocol with these entries set otherwise, validated as a protocol is.

    Raises
    ------
    UserError
        A path that may not be chosen or leads nowhere, or a value that the protocol would not take; never a traceback.
    """
    content: dict[str, Any] = protocol.model_dump(mode="json", by_alias=True)
    for path, value in choices.items():
        _set(content, path, value)
    try:
        return Protocol.model_validate(content)
    except ValidationError as error:
        place, defect = shown_defects(Protocol, error)[0]
        raise UserError(
            text(
                f"Scelta {_about(choices, content, place)}: trovato {defect.found}, atteso {defect.expected['it']}. "
                f"{defect.action['it']}",
                f"Choice {_about(choices, content, place)}: found {defect.found}, expected {defect.expected['en']}. "
                f"{defect.action['en']}",
            )
        ) from None


def read_choices(folder: Path) -> dict[str, Any]:
    """Return the choices that an exploratory report names; none for a report that follows its protocol."""
    path = folder / CHOICES
    if not path.exists():
        return {}
    with reading(CHOICES):
        return dict(json.loads(read_bounded(path, 1)))


def write_choices(folder: Path, choices: Choices) -> None:
    """Write the choices of an exploratory run into its report."""
    content = json.dumps(dict(choices), ensure_ascii=False, indent=2, default=str)
    (folder / CHOICES).write_text(f"{content}\n", encoding="utf-8")


def published_protocol(report: Path, findings: Findings) -> Protocol | None:
    """Return the protocol that a report was made under: its copy, with the report's choices; None with an error."""
    protocol = read_document(report / "protocol.yml", Protocol, findings)
    return None if protocol is None else choose(protocol, read_choices(report))


def departures(choices: Choices) -> Text:
    """Say that a run is exploratory, and in which entries it differs from its protocol; empty without choices."""
    if not choices:
        return text("", "")
    listed = "; ".join(f"{path} = {_shown(value)}" for path, value in choices.items())
    return text(
        f"esplorativo: differisce dal protocollo in {listed}", f"exploratory: differs from the protocol in {listed}"
    )


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _set(content: dict[str, Any], path: str, value: Any) -> None:
    """Set the entry at a dotted path; a part of a path names a key, or the id of an entry of a list."""
    *parts, last = str(path).split(".")
    if (parts or [last])[0] not in ALLOWED:
        raise _no_such(path, (parts or [last])[0], list(ALLOWED))
    here: Any = content
    for part in parts:
        here = _entries(here).get(part)
        if here is None:
            raise _no_such(path, part, [])
    known = _entries(here)
    if last not in known:
        raise _no_such(path, last, [*known])
    if isinstance(here, list):
        here[[entry["id"] for entry in here].index(last)] = value
    else:
        here[last] = value


def _entries(here: Any) -> dict[str, Any]:
    if isinstance(here, list):
        return {entry["id"]: entry for entry in here if isinstance(entry, dict) and "id" in entry}
    return here if isinstance(here, dict) else {}


def _no_such(path: str, part: str, known: list[str]) -> UserError:
    hint = nearest(part, known)
    return UserError(
        text(
            f"Scelta {path}: {part!r} non si può scegliere lì. Si possono scegliere {', '.join(known or ALLOWED)}. {hint['it']}",
            f"Choice {path}: {part!r} cannot be chosen there. Choices: {', '.join(known or ALLOWED)}. {hint['en']}",
        )
    )


def _about(choices: Choices, content: dict[str, Any], place: str) -> str:
    """Return the choice that a defect stands at: the one that shares most of its way, entries of lists by their id."""
    way: list[str] = []
    here: Any = content
    for part in place.split("."):
        here = here[int(part)] if isinstance(here, list) and part.isdigit() else _entries(here).get(part)
        way.append(str(here["id"]) if part.isdigit() and isinstance(here, dict) and "id" in here else part)

    def shared(path: str) -> int:
        return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(path.split("."), way, strict=False)))

    return max(choices, key=shared)
