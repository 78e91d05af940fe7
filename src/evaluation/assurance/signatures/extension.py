"""What may follow the unsigned bytes of a report: signatures, and what serves their validation; nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import diff_analysis
from pyhanko.sign.diff_analysis.constants import ACROFORM_EXEMPT_STRICT_COMPARISON, ROOT_EXEMPT_STRICT_COMPARISON

from evaluation.assurance.signatures.accounted import Update, updates_of
from evaluation.assurance.signatures.described import says_the_same
from evaluation.assurance.signatures.read_again import reads_the_same
from evaluation.assurance.signatures.rendering import looks_the_same
from evaluation.assurance.signatures.revisions import updates_only_sign
from evaluation.assurance.signatures.strict_objects import Ambiguous
from evaluation.language import Text, text

_rules: Any = diff_analysis  # their constructors carry no types
# pyHanko's own policy is for what comes after a signature; the first may also certify, and say that there are signatures.
_CATALOGUE = _rules.CatalogModificationRule(ROOT_EXEMPT_STRICT_COMPARISON | {"/Perms"})
_OTHERS = (
    _rules.XrefStreamRule(),
    _rules.ObjectStreamRule(),
    _rules.DSSCompareRule(),
    _rules.DocInfoRule(),
    _rules.MetadataUpdateRule(),
)
ONLY_SIGNATURES = _rules.StandardDiffPolicy(
    global_rules=[_CATALOGUE, *(rule.as_qualified(diff_analysis.ModificationLevel.LTA_UPDATES) for rule in _OTHERS)],
    form_rule=_rules.FormUpdatingRule(
        [_rules.SigFieldCreationRule(allow_new_visible_after_certify=True), _rules.SigFieldModificationRule()],
        ignored_acroform_keys=ACROFORM_EXEMPT_STRICT_COMPARISON | {"/SigFlags"},
    ),
)
ALTERED = text(
    "oltre alle firme, il documento firmato cambia quello non firmato",
    "the signed document changes the unsigned one by more than signatures",
)
OTHERWISE = text(
    "un altro programma legge nel documento firmato altro che in quello non firmato",
    "another program reads something else in the signed document than in the unsigned one",
)
LOOKS_OTHER = text(
    "le pagine disegnate non sono quelle del documento non firmato",
    "the pages as drawn are not those of the unsigned document",
)


def unaccounted(data: bytes, original: bytes) -> tuple[Text, ...]:
    """Say where bytes after the original ones are that two programs may read in two ways."""
    try:
        updates_of(data, len(original))
    except Ambiguous as found:
        return (found.words,)
    return ()


def written_after(data: bytes, original: bytes) -> Text:
    """Say what each update after the original bytes writes; Ambiguous where two programs may read that in two ways."""
    return _written_by(updates_of(data, len(original)))


def more_than_signed(reader: PdfFileReader, data: bytes, original: bytes) -> tuple[Text, ...]:
    """Say how a PDF that begins with these bytes changes them by more than signatures; nothing where it does not.

    The later questions are asked only where the earlier ones found nothing: they read what those have vouched for.

    Raises
    ------
    Ambiguous
        Two programs may read the file in two ways.
    """
    updates = updates_of(data, len(original))
    questions: tuple[tuple[Text, Callable[[], bool]], ...] = (
        (ALTERED, lambda: _only_signs(reader, updates, original) and says_the_same(data, original)),
        (OTHERWISE, lambda: reads_the_same(data, original)),
        (LOOKS_OTHER, lambda: looks_the_same(data, original)),
    )
    problem = next((problem for problem, holds in questions if not holds()), None)
    return () if problem is None else (problem, _written_by(updates))


def _written_by(updates: tuple[Update, ...]) -> Text:
    """Say where the cross-references of each update stand, and which objects it writes."""
    places = [(each.section.at, ", ".join(map(str, sorted(each.objects)))) for each in updates]
    return text(
        "; ".join(
            f"l'aggiornamento con la tabella al byte {at} scrive gli oggetti {written}" for at, written in places
        ),
        "; ".join(f"the update with its table at byte {at} writes the objects {written}" for at, written in places),
    )


def _only_signs(reader: PdfFileReader, updates: tuple[Update, ...], original: bytes) -> bool:
    first: Any = PdfFileReader(BytesIO(original))
    base = first.xrefs.total_revisions - 1
    if not updates or list(_sections(reader, base)) != [(each.section.at, _named(each)) for each in updates]:
        return False
    if not updates_only_sign(reader, base):
        return False
    difference: Any = ONLY_SIGNATURES.review_file(reader, base)
    certified = set(reader.root.get("/Perms", {})) <= {"/DocMDP"}
    return isinstance(difference, diff_analysis.DiffResult) and certified


def _sections(reader: PdfFileReader, base: int) -> Iterator[tuple[int, set[int]]]:
    """Return where the cross-references of each revision stand as pyHanko reads them, and the objects that they name."""
    history: Any = reader.xrefs
    for revision in range(base + 1, history.total_revisions):
        named = {ref.idnum for ref in history.explicit_refs_in_revision(revision)}
        yield history.get_startxref_for_revision(revision), named


def _named(update: Update) -> set[int]:
    return {*update.section.offsets, *update.section.packed}
