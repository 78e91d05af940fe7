"""A first intake.yml: what the headers, the children's codes and the words of the answers tell; the rest is asked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from evaluation.errors import UserError
from evaluation.intake.exports.answer_times import read_dates
from evaluation.intake.exports.appending import Present
from evaluation.intake.exports.export_file import read_sheets
from evaluation.intake.exports.importing import Design, read_design
from evaluation.intake.exports.layouts import Layout, plain, unnumbered
from evaluation.intake.exports.ledger import write
from evaluation.intake.exports.mapping import FILE
from evaluation.intake.exports.matching import Match, match
from evaluation.intake.exports.recognition import SIGNATURES, recognise
from evaluation.intake.exports.values import COMMA, number
from evaluation.language import text
from evaluation.privacy.identifying import heads_identity
from evaluation.study.findings import Findings

KNOWN_CODES = 0.9  # the share of cells that must be codes of children of the study
WORTH_ASKING = 0.6  # a match less near than this is not even shown as a question
LONGEST = 12  # different answers of a scale; more are no labels
ORDERS = (  # answers whose order is known, from the lowest code
    (
        "Per niente d'accordo",
        "Poco d'accordo",
        "Né d'accordo né in disaccordo",
        "Abbastanza d'accordo",
        "Molto d'accordo",
    ),
    (
        "Completamente in disaccordo",
        "In disaccordo",
        "Né d'accordo né in disaccordo",
        "D'accordo",
        "Completamente d'accordo",
    ),
    ("Strongly disagree", "Disagree", "Neither agree nor disagree", "Agree", "Strongly agree"),
    ("Mai", "Raramente", "A volte", "Spesso", "Sempre"),
    ("Never", "Rarely", "Sometimes", "Often", "Always"),
)


@dataclass(frozen=True)
class Draft:
    """What was proposed, to be confirmed: by export, its platform, its column of children and the match of every column."""

    path: Path
    exports: tuple[Proposed, ...]


@dataclass(frozen=True)
class Proposed:
    """What one export tells. child, wave: columns, or None where they must be named; codes: scale -> label -> code or None."""

    file: str
    layout: Layout
    child: str | None
    wave: str | None
    matches: tuple[Match, ...]
    decimal: str
    ambiguous_dates: tuple[str, ...]
    codes: dict[str, dict[str, int | None]]


def draft_mapping(paths: Iterable[Path], study: Path, platform: str | None = None) -> Draft:
    """Propose STUDY/intake.yml from exports; what is not certain is written as null, to be confirmed.

    An intake.yml that is there gets an entry for each export that it does not name yet; `platform` settles the layout.

    Raises
    ------
    UserError
        intake.yml is there and cannot be added to, or names every export; or an export or the study cannot be read.
    """
    if platform is not None and platform not in SIGNATURES:
        known = ", ".join(SIGNATURES)
        raise UserError(text(f"--platform {platform}: uno tra {known}.", f"--platform {platform}: one of {known}."))
    present = _present(study / FILE)
    fresh = [path for path in dict.fromkeys(paths) if not any(fnmatchcase(path.name, file) for file in present.files)]
    if not fresh:
        raise UserError(
            text(
                f"{FILE}: ha già una voce per ogni file dato, e non si sovrascrive.",
                f"{FILE}: has an entry for every file given already, and is never overwritten.",
            )
        )
    findings = Findings()
    design = read_design(study, findings)
    findings.raise_errors()
    if design is None:
        raise UserError(text("Lo studio non si legge.", "The study cannot be read."))
    proposed = tuple(propose(path, design, platform) for path in fresh)
    entries = [line for one in proposed for line in _entry(one, design)]
    answers = list(_answers(proposed, present.coded))
    written = present.with_entries(entries, answers) if present.files else _document(entries, answers)
    write(study / FILE, written.encode())
    return Draft(study / FILE, proposed)


def _present(path: Path) -> Present:
    if not path.exists():
        return Present("")
    found = Present.of(path.read_text(encoding="utf-8", errors="replace"))
    if found is None or not found.files:
        raise UserError(
            text(
                f"{FILE}: c'è già, non si sovrascrive, e non ha un elenco exports a cui aggiungere. Spostarlo.",
                f"{FILE}: there is one already, never overwritten, without a list exports to add to. Move it away.",
            )
        )
    return found


def propose(path: Path, design: Design, platform: str | None = None) -> Proposed:
    """Read one export and match what it holds with what the study asks."""
    layouts = recognise(read_sheets(path)[0], platform)
    layout = layouts[-1]  # of a repeat group, whose rows hold the columns of their submission too
    long = layout.platform == "plain_long"
    free = [(k, q) for k, q in zip(layout.keys, layout.questions, strict=True) if not _about_the_sheet(layout, k)]
    filled = {key: [plain(cell) for cell in layout.column(key) if plain(cell)] for key, _ in free}
    child = _child(filled, design)
    wave = next(
        (key for key, cells in filled.items() if cells and set(cells) <= set(design.waves)), layout.roles.get("wave")
    )
    named = [(label, label) for label in dict.fromkeys(filled.get("item", ()))] if long else free
    matches = match([one for one in named if one[0] not in (child, wave)], design.instrument)
    cells = dict.fromkeys((label for label, _ in named), filled.get("value", [])) if long else filled
    answered = layout.roles.get("answered")
    stamps = [plain(cell) for cell in layout.column(answered) if plain(cell)] if answered else []
    unclear = {d.expected["en"] for d in read_dates(stamps, layout.formats)[1].values() if d.kind == "ambiguous_date"}
    decimal = "," if any(COMMA.fullmatch(c) for m in matches if m.certain for c in cells[m.column]) else "."
    return Proposed(
        path.name, layout, child, wave, tuple(matches), decimal, tuple(sorted(unclear)),
        {} if long else _codes(matches, cells, decimal, design),
    )  # fmt: skip


def _about_the_sheet(layout: Layout, key: str) -> bool:
    """Tell whether a column holds no answer: time, wave, who answered, or the tool's own."""
    own = {*layout.roles.values(), *layout.private} - {layout.roles.get("wave")}
    return (
        key in own
        or unnumbered(key) in own
        or heads_identity(key)
        or (layout.platform == "kobotoolbox" and key.startswith("_"))
    )


def _child(filled: dict[str, list[str]], design: Design) -> str | None:
    """Return the one column whose cells are codes of children of the study."""
    codes = {code.casefold() for code in design.centres}
    shares = {key: sum(c.casefold() in codes for c in cells) / len(cells) for key, cells in filled.items() if cells}
    fitting = [key for key, share in shares.items() if share >= KNOWN_CODES]
    return fitting[0] if len(fitting) == 1 else None


def _codes(
    matches: list[Match], filled: dict[str, list[str]], decimal: str, design: Design
) -> dict[str, dict[str, int | None]]:
    """Return the labels of each scale (or item without one) with their codes, None where their order is not known."""
    labels: dict[str, dict[str, None]] = {}
    for one in matches:
        if one.certain:
            words = [cell for cell in filled[one.column] if number(cell, decimal, anyway=True) is None]
            asked = design.instrument[one.item]
            labels.setdefault(asked.scale or asked.id, {}).update(dict.fromkeys(words))
    return {
        scale: _ordered(scale, tuple(words), design) for scale, words in labels.items() if 0 < len(words) <= LONGEST
    }


def _ordered(scale: str, words: tuple[str, ...], design: Design) -> dict[str, int | None]:
    item = next(item for item in design.instrument.items if scale in (item.scale, item.id))
    for order in ORDERS:
        whole = item.minimum is not None and item.maximum is not None and item.maximum - item.minimum == len(order) - 1
        if whole and item.minimum is not None and set(words) <= set(order):
            return {label: int(item.minimum) + k for k, label in enumerate(order)}
    return dict.fromkeys(sorted(words))


# The document -----------------------------------------------------------------------------------------------------


def _document(entries: list[str], answers: list[str]) -> str:
    """Return a whole document of entries and answers, each the lines of a list that begins in column 0."""
    about = "# Proposed by `evaluation import --draft`. What is null is to be confirmed; a column left null is not imported."
    lists = [f"  {line}" for line in entries], [f"  {line}" for line in answers]
    return "\n".join(
        [about, "format: 1", "exports:", *lists[0], "answers:" if answers else "answers: []", *lists[1], ""]
    )


def _entry(one: Proposed, design: Design) -> Iterator[str]:
    yield f"- file: {quoted(one.file)}"
    yield f"  platform: {one.layout.platform}"
    yield f"  child: {quoted(one.child)}" + ("" if one.child else "  # the column of the child's code")
    yield from _wave(one, design)
    if one.ambiguous_dates:
        yield f"  dates: null  # {one.ambiguous_dates[0]}"
    if one.decimal != ".":
        yield f"  decimal: {quoted(one.decimal)}"
    yield "  items:" if one.matches else "  items: {}"
    for found in one.matches:
        asked = f"  # {found.item}? {found.confidence:.2f}" if found.confidence >= WORTH_ASKING else ""
        sure = f"{found.item}  # {found.confidence:.2f}"
        yield f"    {quoted(found.column)}: " + (sure if found.certain else f"null{asked}")


def _answers(proposed: tuple[Proposed, ...], coded: frozenset[str]) -> Iterator[str]:
    """Yield the codes of each scale that has none yet."""
    codes = {scale: labels for one in proposed for scale, labels in one.codes.items() if scale not in coded}
    for scale, labels in codes.items():
        yield f"- for: [{scale}]"
        yield "  codes:"
        yield from (f"    {quoted(label)}: {'null' if code is None else code}" for label, code in labels.items())


def _wave(one: Proposed, design: Design) -> Iterator[str]:
    waves = " or ".join(design.waves)
    if one.wave is None:
        yield f"  wave: null  # {waves}"
        return
    yield "  wave_column:"
    yield f"    column: {quoted(one.wave)}"
    written = dict.fromkeys(plain(cell) for cell in one.layout.column(one.wave) if plain(cell))
    if not set(written) <= set(design.waves):
        yield "    values:"
        yield from (f"      {quoted(value)}: null  # {waves}" for value in written)


def quoted(value: str | None) -> str:
    """Return a text as YAML writes it in quotes; null for none."""
    return "null" if value is None else json.dumps(value, ensure_ascii=False)
