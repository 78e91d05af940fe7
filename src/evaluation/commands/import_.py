"""The command import."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape as without_markup

from evaluation.commands.console import link, out, say, user_language
from evaluation.language import text
from evaluation.study.findings import escaped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from evaluation.intake.exports.draft import Draft, Proposed
    from evaluation.study.findings import Finding

MOST = 10  # findings of a kind that are shown of one table


def import_(
    exports: Annotated[list[Path], typer.Argument(metavar="EXPORT…", help="Files that a survey tool exported.")],
    into: Annotated[
        str, typer.Option("--into", metavar="STUDY", help="A name under data/raw, or a path to a study folder.")
    ],
    draft: Annotated[bool, typer.Option("--draft", help="Propose STUDY/intake.yml instead of importing.")] = False,
    platform: Annotated[
        str | None, typer.Option(metavar="NAME", help="With --draft: the layout, where the export does not tell it.")
    ] = None,
    linkage: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Names and codes, kept outside the study (identifier: name).")
    ] = None,
    identity: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The age identity of a sealed linkage table.")
    ] = None,
) -> None:
    """Survey exports to responses.csv: recognised by signature, converted by STUDY/intake.yml, never guessed."""
    from evaluation.intake.exports.draft import draft_mapping
    from evaluation.intake.exports.importing import import_exports
    from evaluation.intake.exports.people import codes_of
    from evaluation.privacy.enrolment import must_lie_outside
    from evaluation.study.places import study_folder

    study = study_folder(into)
    if draft:
        _show(draft_mapping(exports, study, platform))
        return
    if linkage is not None:
        must_lie_outside(linkage, study)
    done = import_exports(exports, study, None if linkage is None else codes_of(linkage, identity))
    for finding, more in _shown(done.findings):
        colour = {"error": "red", "warning": "yellow", "note": "cyan"}[finding.level]
        out.print(f"[{colour}]{finding.level:<8}[/]{escape(finding.sentence(user_language()))}")
        if more:
            say(text(f"         … e altri {more} di questi", f"         … and {more} more of these"))
    for name, platform in done.platforms.items():
        out.print(f"{escape(name)}: {platform}")
    for one in done.tallies:
        place = " / ".join(filter(None, (one.file, one.sheet)))
        out.print(f"  {escape(place)}: {escape(one.sentence[user_language()])}")
    say(
        text(
            f"{done.children} ragazzi: {done.new} risposte nuove, {done.known} già presenti.",
            f"{done.children} children: {done.new} new answers, {done.known} already there.",
        )
    )


def _shown(findings: Iterable[Finding]) -> Iterator[tuple[Finding, int]]:
    """Yield the first findings of each kind, the last of them with the number of those that are not shown."""
    kinds: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in findings:
        kinds.setdefault((finding.kind, finding.file, finding.sheet), []).append(finding)
    for same in kinds.values():
        first, rest = same[:MOST], len(same[MOST:])
        yield from ((finding, rest if finding is first[-1] else 0) for finding in first)


def _show(draft: Draft) -> None:
    """Print what is matched with its confidence, how much is not, and what is left to be confirmed."""
    from evaluation.intake.exports.draft import WORTH_ASKING

    for one in draft.exports:
        out.print(f"[bold]{escape(one.file)}[/]: {one.layout.platform}")
        near = [found for found in one.matches if found.certain or found.confidence >= WORTH_ASKING]
        for found in near:
            colour, sign = ("green", "→") if found.certain else ("yellow", "?")
            out.print(f"  {found.confidence:.2f} [{colour}]{sign} {escape(found.item)}[/]  {escape(found.column[:90])}")
        far = len(one.matches) - len(near)
        if far:
            say(text(f"  {far} altre colonne, lontane da ogni domanda", f"  {far} other columns, far from every item"))
    asked = [line for one in draft.exports for line in _asked(one)]
    say(
        text(
            f"Scritto {link(draft.path)}. Da confermare, dove c'è null: {len(asked)}.",
            f"Wrote {link(draft.path)}. To be confirmed, where it says null: {len(asked)}.",
        )
    )
    for line in asked:
        out.print(f"  {escape(line)}")


def _asked(one: Proposed) -> list[str]:
    """Return what an export does not tell by itself."""
    from evaluation.intake.exports.draft import WORTH_ASKING

    asked = [name for name, found in (("child", one.child), ("wave", one.wave)) if found is None]
    asked += ["dates"] if one.ambiguous_dates else []
    asked += [found.column[:90] for found in one.matches if not found.certain and found.confidence >= WORTH_ASKING]
    asked += [
        f"{scale}: {label}" for scale, labels in one.codes.items() for label, code in labels.items() if code is None
    ]
    return [f"{one.file}: {name}" for name in asked]


def escape(words: str) -> str:
    """Return text of a file as it may be printed: without control characters, and without markup."""
    return without_markup(escaped(words))
