"""What may follow the unsigned bytes of a report: signatures, and what serves their validation; nothing else."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any

import pikepdf
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import diff_analysis
from pyhanko.sign.diff_analysis.constants import ACROFORM_EXEMPT_STRICT_COMPARISON, ROOT_EXEMPT_STRICT_COMPARISON

from evaluation.assurance.signatures.revisions import updates_only_sign

_rules: Any = diff_analysis  # their constructors carry no types
# pyHanko's own policy is for what comes after a signature; the first may also certify, and say that there are signatures.
SAID = {"Title", "Author", "Subject", "Keywords", "title", "creator", "description", "part", "conformance"}
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


def only_signed(reader: PdfFileReader, data: bytes, original: bytes) -> bool:
    """Tell whether a PDF that begins with these bytes builds on them, and changes them by signatures only."""
    first = PdfFileReader(BytesIO(original))
    base = first.xrefs.total_revisions - 1
    if reader.xrefs.total_revisions <= base or _table(reader, base) != _table(first, base):
        return False
    if not updates_only_sign(reader, base):
        return False
    difference = ONLY_SIGNATURES.review_file(reader, base)
    certified = set(reader.root.get("/Perms", {})) <= {"/DocMDP"}
    return isinstance(difference, diff_analysis.DiffResult) and certified and _about(data) == _about(original)


def _table(reader: PdfFileReader, revision: int) -> int:
    """Return where the cross-references of a revision stand."""
    where: int = reader.xrefs.get_startxref_for_revision(revision)
    return where


def _about(pdf: bytes) -> dict[str, str]:
    """Return what a PDF says of itself, from title to standards, but not when and by which program it was saved."""
    with pikepdf.open(BytesIO(pdf)) as document, document.open_metadata() as metadata:
        said = {**document.docinfo, **metadata}
        return {name: str(value) for name, value in said.items() if re.split("[/}]", name)[-1] in SAID}
