"""The right to erasure: one child leaves a study, its processed data, its runs and their caches; that it happened stays.

What becomes of every file is worked out and written beside (`.erasing` in the study folder) before anything is touched;
one rename decides. Killed before it, the child is in; killed after it, the next call completes the erasure.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from evaluation.assurance.verification.superseded import MARK, mark_superseded
from evaluation.errors import UserError
from evaluation.language import text
from evaluation.pipeline.outputs import PARTS, Outputs
from evaluation.privacy.erased_files import Change, Code, UnknownChild, changes, code_of, holds, not_searched, own_files
from evaluation.privacy.traces import files_of
from evaluation.privacy.unpacked import searchable
from evaluation.study.documents import read_document
from evaluation.study.findings import Findings
from evaluation.study.places import repository
from evaluation.study.protocol import Protocol

RECORD = "erasures.csv"
HEADER = ("date", "children", "state_sha256")
JOURNAL = ".erasing"
PLAN = "plan.json"
PROCESSED, REPORTS = PARTS
CACHES = ("build", "by-hand")
BESIDE = (".html", ".csv")  # what a check leaves beside the study
PUBLISHED = (".pdf", ".p7m", ".png")  # what runs publish and no search opens


@dataclass(frozen=True)
class Erasure:
    """One erasure: the day (UTC), how many children, and the SHA-256 of the study's files after it."""

    date: str
    children: int
    state_sha256: str


@dataclass(frozen=True)
class Erased:
    """What a call did: the study's files that changed, runs whose reports are marked, what a person must still look at.

    left: files that hold the child; unsearched: files in which it may stand unseen.
    completed: an interrupted erasure was completed first; withdrawn: one was interrupted before it changed anything.
    """

    files: tuple[str, ...]
    superseded: int
    left: tuple[str, ...]
    unsearched: tuple[str, ...]
    completed: bool
    withdrawn: bool


def erase(study: Path, code: str, *, outputs: Sequence[Path] = (), now: dt.datetime | None = None) -> Erased:
    """Remove a child from a study and from what was made of it.

    Parameters
    ----------
    study : the study folder
    code : the child's code
    outputs : folders given to earlier runs as --output, beside those of the repository
    now : the time; by default that of the machine. Only its day is recorded

    Raises
    ------
    UserError : no such child, a link where a folder is expected, or files that only a person can edit; nothing changed.
    """
    _must_be_plain(study)
    homes = [home for home in _homes(study, outputs) if home.home.is_dir()]
    with ExitStack() as held:
        for home in homes:
            held.enter_context(home.locked())
        withdrawn = (study / f"{JOURNAL}.partial").exists()
        for rest in ("partial", "done"):
            shutil.rmtree(study / f"{JOURNAL}.{rest}", ignore_errors=True)
        completed = _complete(study, homes)
        try:
            sought = code_of(study, code)
        except UnknownChild:
            if completed:
                return Erased((), 0, (), (), completed, withdrawn)
            raise
        made = changes(study, sought)
        day = f"{now or dt.datetime.now(dt.UTC):%Y-%m-%d}"
        leaks = [path for home in homes for path in _published(home) if holds(path, sought)]
        beside = [path for path in _beside(study) if path.suffix in BESIDE and holds(path, sought)]
        _commit(study, made, [*leaks, *beside], Erasure(day, 1, _state(study, made)))
        marked = sum(1 for home in homes for _ in _runs(home))
        _complete(study, homes)
        changed, left, unsearched = (
            tuple(map(sought.redacted, files))
            for files in (
                (change.file for change in made),
                _left(study, homes, sought),
                _unsearched(study, homes, sought),
            )
        )
        return Erased(changed, marked, left, unsearched, completed, withdrawn)


def state_digest(hashes: Mapping[str, str]) -> str:
    """Return the SHA-256 over the lines `SHA-256  path` of a study's files, in the order of their paths."""
    return hashlib.sha256("".join(f"{hashes[name]}  {name}\n" for name in sorted(hashes)).encode()).hexdigest()


def _state(study: Path, made: Iterable[Change]) -> str:
    """Return the digest of the study as it will be."""
    found = {path.relative_to(study).as_posix(): _sha256(path.read_bytes()) for path in own_files(study)}
    for change in made:
        found.pop(change.file)
        if change.content is not None:
            found[change.file] = _sha256(change.content)
    return state_digest({name: digest for name, digest in found.items() if name != RECORD})


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _must_be_plain(study: Path) -> None:
    """Refuse links: what they lead to would be left, or changed where nobody looks for it."""
    links = [study] if study.is_symlink() else [path for path in sorted(study.rglob("*")) if path.is_symlink()]
    if links:
        raise UserError(
            text(
                f"{links[0].name}: è un collegamento. Dare la cartella vera dello studio, senza collegamenti dentro.",
                f"{links[0].name}: a link. Give the study's own folder, without links in it.",
            )
        )


def _homes(study: Path, outputs: Sequence[Path]) -> list[Outputs]:
    """Return where runs of this study write: under its id, and under its folder's name for notebooks run by hand."""
    protocol = read_document(study / "protocol.yml", Protocol, Findings())
    names = dict.fromkeys([*([protocol.study.id] if protocol else []), study.name])
    return [Outputs.of(name, output) for name in names for output in (None, *outputs)]


def _runs(home: Outputs) -> Iterator[Path]:
    """Return the folders of published runs."""
    return (path for path in sorted(home.home.iterdir()) if path.name.isdigit() and path.is_dir())


def _published(home: Outputs) -> Iterator[Path]:
    """Return every file of published reports; none should hold a child."""
    return (path for run in _runs(home) for path in files_of(run / REPORTS))


def _beside(study: Path) -> list[Path]:
    """Return the files beside the study that bear its name, and those of the folder that a check wrote."""
    files = [path for path in sorted(study.parent.glob(f"{study.name}?*")) if path.is_file()]
    return [*files, *files_of(study.with_name(f"{study.name}-check"))]


def _commit(study: Path, made: Sequence[Change], remove: Sequence[Path], record: Erasure) -> None:
    """Write beside what each file becomes, then decide with one rename. The plan tells no code, but in the names of files."""
    draft = study / f"{JOURNAL}.partial"
    draft.mkdir()
    steps: list[tuple[str, str | None]] = []
    # participants.csv last: as long as it is there, a study half done reads as one in which the child gave no answer
    for number, change in enumerate(sorted(made, key=lambda change: change.file == "participants.csv")):
        if change.content is not None:
            (draft / str(number)).write_bytes(change.content)
        steps.append((change.file, None if change.content is None else str(number)))
    row = [record.date, str(record.children), record.state_sha256]
    plan = {"steps": steps, "remove": [str(path) for path in remove], "record": row}
    (draft / PLAN).write_text(json.dumps(plan), encoding="utf-8")
    os.sync()
    draft.rename(study / JOURNAL)


def _complete(study: Path, homes: Sequence[Outputs]) -> bool:
    """Do what a decided erasure still has to do, from wherever it stopped; tell whether there was one."""
    journal = study / JOURNAL
    if not journal.exists():
        return False
    plan = json.loads((journal / PLAN).read_text(encoding="utf-8"))
    for home in homes:
        _forget(home, plan["record"][0])
    for path in plan["remove"]:
        Path(path).unlink(missing_ok=True)
    for file, staged in plan["steps"]:
        if staged is None:
            (study / file).unlink(missing_ok=True)
        elif (journal / staged).exists():
            (journal / staged).replace(study / file)
    _append(study / RECORD, plan["record"])
    os.sync()
    # in one step: a plan of which a kill leaves half is no plan, and none of the next calls could go on
    shutil.rmtree(journal.rename(study / f"{JOURNAL}.done"))
    return True


def _forget(home: Outputs, day: str) -> None:
    """Mark the reports of a home as superseded; delete its caches, its unfinished runs and all else of a run."""
    for run in _runs(home):
        mark_superseded(run, day)
        _remove(path for path in run.iterdir() if path.name not in (REPORTS, MARK))
        (run / PROCESSED).mkdir(exist_ok=True)
    _remove(path for path in home.home.iterdir() if path.name in CACHES or path.suffix == ".partial")


def _remove(paths: Iterable[Path]) -> None:
    """Delete files and folders; of a link the link only."""
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _append(record: Path, row: list[str]) -> None:
    """Add one line to the record, once; earlier lines are never written again."""
    line = ",".join(row) + "\n"
    earlier = record.read_text(encoding="utf-8") if record.exists() else ",".join(HEADER) + "\n"
    if not earlier.endswith(f"\n{line}"):
        draft = record.with_name(f"{JOURNAL}.record")
        draft.write_text(earlier + line, encoding="utf-8")
        draft.replace(record)


def _left(study: Path, homes: Sequence[Outputs], code: Code) -> Iterator[str]:
    """Return the files that still hold the child: where a person must look."""
    yield from not_searched(study, code)
    if code.distinctive:
        yield from (os.path.relpath(path) for path in _everywhere(study, homes) if holds(path, code))


def _unsearched(study: Path, homes: Sequence[Outputs], code: Code) -> Iterator[str]:
    """Return the files in which the child may stand unseen, but those that runs make of tables that count children."""
    published = {path for home in homes for path in _published(home) if path.suffix in PUBLISHED}
    if code.distinctive:
        yield from (
            os.path.relpath(path)
            for path in _everywhere(study, homes)
            if path not in published and not searchable(path)
        )


def _everywhere(study: Path, homes: Sequence[Outputs]) -> dict[Path, None]:
    """Return every file that may tell of a child of the study, once."""
    notebooks = [path for path in files_of(repository() / "notebooks") if path.suffix != ".pyc"]
    places = [*files_of(study), *_beside(study), *notebooks]
    places += [path for home in homes for path in files_of(home.home)]
    for home in homes:  # folders that no run made
        places += [path for part in (home.reports, home.processed) if not part.is_symlink() for path in files_of(part)]
    return dict.fromkeys(places)
