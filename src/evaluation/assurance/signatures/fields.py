"""Where signatures stand: one tagged, empty field for each signer, ready on the last page before anybody signs."""

from __future__ import annotations

from io import BytesIO
from typing import Any, Literal, get_args

import pikepdf
from pikepdf import Array, Dictionary, Name, String

from evaluation.language import Language, Text, text

Role = Literal["statistician", "legal_representative"]
ROLES: tuple[Role, ...] = get_args(Role)
"""In the order of signing: who answers for the numbers first, then who binds the evaluator, whose signature locks."""

ROLE: dict[Role, Text] = {
    "statistician": text("Statistico responsabile", "Responsible statistician"),
    "legal_representative": text("Legale rappresentante del valutatore", "Legal representative of the evaluator"),
}
TITLE = text("Firma", "Signature")
FIELD: dict[Role, str] = {"statistician": "Statistician", "legal_representative": "LegalRepresentative"}
# On the last page, A4: left, bottom, right, top, in points. The page of the report draws a frame at the same places.
BOX: dict[Role, tuple[int, int, int, int]] = {
    "statistician": (77, 188, 519, 262),
    "legal_representative": (77, 80, 519, 154),
}


def role_of(field: str) -> Role | None:
    """Return whose field this is; None for a field that another program made."""
    return next((role for role in ROLES if FIELD[role] == field), None)


def with_signature_fields(report: bytes, language: Language) -> bytes:
    """Return a tagged PDF with an empty signature field for each role on its last page; the same bytes each time.

    A widget that is no part of the structure tree breaks PDF/UA-1 (7.18.4), and nobody may add one after a signature
    that certifies the document: so the fields are there before the first.
    """
    with pikepdf.open(BytesIO(report)) as pdf:
        page = pdf.pages[-1].obj
        fields = [_tagged_field(pdf, page, role, language) for role in ROLES]
        page.Annots = Array([*page.get("/Annots", []), *fields])
        page.Tabs = Name.S
        pdf.Root.AcroForm = Dictionary(Fields=Array(fields))
        output = BytesIO()
        pdf.save(output, deterministic_id=True)
    return output.getvalue()


def _tagged_field(pdf: pikepdf.Pdf, page: Any, role: Role, language: Language) -> Any:
    """Return a new field of `page` that is a Form element of the structure tree."""
    tree: Any = pdf.Root.StructTreeRoot
    left, bottom, right, top = BOX[role]
    # PDF/A-2 (6.3.3) wants an appearance of a field that shows nothing yet
    nothing = pdf.make_stream(b"", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, right - left, top - bottom]))
    document, key = tree.K[0], int(tree.ParentTreeNextKey)
    field = pdf.make_indirect(
        Dictionary(
            Type=Name.Annot,
            Subtype=Name.Widget,
            FT=Name.Sig,
            T=String(FIELD[role]),
            TU=String(f"{TITLE[language]}: {ROLE[role][language]}"),
            Rect=Array(BOX[role]),
            P=page,
            F=132,  # printed, and not moved
            AP=Dictionary(N=nothing),
            StructParent=key,
        )
    )
    if role == ROLES[-1]:  # ISO 32000-2, 12.7.5.5: who signs here allows no change after it
        field.Lock = Dictionary(Type=Name.SigFieldLock, Action=Name.All, P=1)
    form = pdf.make_indirect(
        Dictionary(
            Type=Name.StructElem, S=Name.Form, P=document, Pg=page, K=Dictionary(Type=Name.OBJR, Obj=field, Pg=page)
        )
    )
    document.K.append(form)
    tree.ParentTree.Nums.extend([key, form])
    tree.ParentTreeNextKey = key + 1
    return field
