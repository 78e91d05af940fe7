"""The provenance document: an RO-Crate 1.1 of one run, after the Process Run Crate profile 0.5."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from rocrate.model.contextentity import ContextEntity
from rocrate.rocrate import ROCrate

from evaluation.assurance.provenance.source import source_of
from evaluation.errors import UserError, VerificationFailed
from evaluation.files import Hashes, files_in, hashes, read_bounded, reading, write_whole
from evaluation.language import Language, Text, text
from evaluation.report_folder import CRATE, UNSIGNED_PDFS, is_covered
from evaluation.study.folder import study_files

LOCK = "requirements.lock"
PACKAGE = "src/evaluation"
ANALYSIS = (
    "notebooks/0*.ipynb",
    "notebooks/evaluator_report.ipynb",
)  # the start page and the lessons compute no report
SOFTWARE = "officine-mezzogiorno-evaluation"
PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
SHA256_TERM = "https://w3id.org/ro/terms/workflow-run#sha256"
INPUT = "#input/"
CODE = "#code/"
# RO-Crate requires a date, and the clock of a machine is no fact about a study: where the protocol gives none,
# the epoch stands for "no date", as it does for reproducible builds.
NO_DATE = "1970-01-01"
LICENCE = "This report may be passed on whole and unchanged. The code that made it is licensed under EUPL-1.2."

MEDIA_TYPES = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".ipynb": "application/x-ipynb+json",
    ".json": "application/json",
    ".lock": "text/plain",
    ".py": "text/x-python",
    ".svg": "image/svg+xml",
    ".yml": "application/yaml",
}


def code_files(code: Path) -> tuple[str, ...]:
    """Return what computes: the analysis notebooks, every file of the package and the lock, by path from the root `code`."""
    if not (code / PACKAGE).is_dir():
        raise UserError(f"{code}: no package in {PACKAGE}. Give the folder that holds src, notebooks and the lock.")
    found = [path for pattern in (*ANALYSIS, f"{PACKAGE}/**/*", LOCK) for path in code.glob(pattern)]
    names = (path.relative_to(code) for path in found if path.is_file())
    return tuple(sorted(name.as_posix() for name in names if not any(_is_cache(part) for part in name.parts)))


def write_crate(
    report: Path,
    *,
    study: Path,
    code: Path,
    title: Text,
    languages: Sequence[Language],
    published: date | None,
    software_version: str,
) -> str:
    """Describe a run in `ro-crate-metadata.json`: its inputs, its code, the files it published.

    Parameters
    ----------
    report, study, code
        The folder to describe, the study it came from, the root of the code; only paths relative to them are written.
    title, languages
        The title of the study and the languages of the report.
    published
        The protocol's report date.

    Returns
    -------
    The SHA-256 of the document, to be printed in the PDF. The same files give the same bytes, anywhere.
    """
    crate = ROCrate(version="1.1")
    crate.metadata.extra_terms["sha256"] = SHA256_TERM
    names = [name for name in files_in(report) if is_covered(name) and name not in UNSIGNED_PDFS | {CRATE}]
    outputs = [crate.add_file(dest_path=name, properties=facts) for name, facts in _described(report, names)]
    inputs = _entities(crate, INPUT, "CreativeWork", _described(study, study_files(study)))
    parts = _entities(crate, CODE, "SoftwareSourceCode", _sources(code))
    application = {"@type": "SoftwareApplication", "name": SOFTWARE, "softwareVersion": software_version}
    software = crate.add(ContextEntity(crate, "#software", properties=application))
    software["hasPart"] = parts
    action = {"name": "Evaluation run", "description": "evaluation run"}
    run = crate.add_action(software, "#run", object=inputs, result=outputs, properties=action)
    _describe_root(crate, run, title, languages, published)
    data = _canonical(crate.metadata.generate())
    write_whole(report / CRATE, data)
    return hashlib.sha256(data).hexdigest()


def read_crate(report: Path, prefix: str) -> Hashes:
    """Return the SHA-256 that the crate gives for each file: of the inputs (`INPUT`), the code (`CODE`), the report ("").

    Raises
    ------
    VerificationFailed
        The crate is absent, too large, not JSON, or not a list of entities with distinct, printable identifiers.
    """
    with reading(CRATE):
        entities = json.loads(read_bounded(report / CRATE))["@graph"]
        listed = [(unquote(entity["@id"]), str(entity["sha256"])) for entity in entities if "sha256" in entity]
    described = dict(listed)
    if len(described) < len(listed) or not all(map(str.isprintable, described)):
        raise VerificationFailed(
            text(
                f"{CRATE}: un file è descritto due volte, o con un nome che ha caratteri di controllo.",
                f"{CRATE}: a file is described twice, or under a name with control characters.",
            )
        )
    chosen = [name for name in described if (name.startswith(prefix) if prefix else not name.startswith("#"))]
    return {name.removeprefix(prefix): described[name] for name in chosen}


def read_version(report: Path) -> str:
    """Return the version of this software that the crate says made the report; VerificationFailed if it says none."""
    with reading(CRATE):
        entities = json.loads(read_bounded(report / CRATE))["@graph"]
        (version,) = (str(entity["softwareVersion"]) for entity in entities if entity.get("name") == SOFTWARE)
    return version[:40] if version.isprintable() else "?"


def _is_cache(part: str) -> bool:
    return part == "__pycache__" or part.startswith(".")


def _described(folder: Path, names: Sequence[str]) -> list[tuple[str, dict[str, Any]]]:
    """Return the properties of each of these files of `folder`."""
    return [_facts(name, digest, (folder / name).stat().st_size) for name, digest in hashes(folder, names).items()]


def _sources(code: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return the properties of each file of the code, by what it says."""
    for name in code_files(code):
        source = source_of(code / name)
        yield _facts(name, hashlib.sha256(source).hexdigest(), len(source))


def _facts(name: str, digest: str, size: int) -> tuple[str, dict[str, Any]]:
    kind = MEDIA_TYPES.get(Path(name).suffix, "application/octet-stream")
    return name, {"name": name, "sha256": digest, "contentSize": str(size), "encodingFormat": kind}


def _entities(crate: ROCrate, prefix: str, kind: str, described: Iterable[tuple[str, dict[str, Any]]]) -> list[Any]:
    """Add files that are described but not in the folder: contextual entities, by local identifier."""
    return [
        crate.add(ContextEntity(crate, prefix + name, properties={"@type": kind, **facts})) for name, facts in described
    ]


def _describe_root(
    crate: ROCrate, run: ContextEntity, title: Text, languages: Sequence[Language], published: date | None
) -> None:
    profile = {"@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"}
    root = crate.root_dataset
    root["name"] = " / ".join(title[language] for language in languages)
    root["description"] = "Evaluation report: pages, tables, figures and executed notebooks of one run."
    root["inLanguage"] = list(languages)
    root["datePublished"] = published.isoformat() if published else NO_DATE
    root["conformsTo"] = crate.add(ContextEntity(crate, PROFILE, properties=profile))
    root["license"] = LICENCE
    root["mentions"] = run


def _canonical(document: dict[str, Any]) -> bytes:
    """Return the document as bytes that depend on its content only."""
    document["@graph"].sort(key=lambda entity: entity["@id"])
    return (json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()
