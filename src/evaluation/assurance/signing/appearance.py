"""What a signature shows on the page: who, in which role, when; a demonstration says what it is."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import cast

import typst
from pyhanko.pdf_utils.layout import AxisAlignment, InnerScaling, SimpleBoxLayoutRule
from pyhanko.stamp import StaticStampStyle

from evaluation.assurance.signatures.certificates import DEMONSTRATION, Certificate
from evaluation.assurance.signatures.fields import ROLE, Role
from evaluation.language import Language, text

SIGNED_BY = text("Firmato da", "Signed by")
ROLE_WORD = text("Ruolo", "Role")
SIGNED_AT = text("Data e ora (UTC)", "Date and time (UTC)")

# Names reach Typst as input strings, which it sets as they are: no markup in a certificate can act.
_DRAWING = b"""
#set page(width: 442pt, height: 74pt, margin: 0pt)
#set text(font: "Libertinus Serif", size: 9.5pt)
#pad(8pt, {
  let line(key) = block(spacing: 6pt, sys.inputs.at(key))
  line("signed_by")
  line("role")
  line("signed_at")
  strong(line("warning"))
})
"""


def drawing(certificate: Certificate, role: Role, language: Language, moment: datetime) -> bytes:
    """Draw what the field of a signature shows, as a PDF of one page with its fonts inside; the role in both languages."""
    other: Language = "en" if language == "it" else "it"
    lines = {
        "signed_by": f"{SIGNED_BY[language]}: {certificate.name}",
        "role": f"{ROLE_WORD[language]}: {ROLE[role][language]} / {ROLE[role][other]}",
        "signed_at": f"{SIGNED_AT[language]}: {moment:%Y-%m-%d %H:%M}",
        "warning": DEMONSTRATION if certificate.demonstration else "",
    }
    compiler = typst.Compiler(ignore_system_fonts=True)
    drawn = compiler.compile(
        _DRAWING, format="pdf", sys_inputs=lines, pdf_standards=["a-2b"], pdf_tags=False, timestamp=0
    )
    return cast(bytes, drawn)


def style(drawn: Path) -> StaticStampStyle:
    """Return a drawing as pyHanko puts it into a field, neither scaled nor framed."""
    low = AxisAlignment.ALIGN_MIN
    as_drawn = SimpleBoxLayoutRule(x_align=low, y_align=low, inner_content_scaling=InnerScaling.NO_SCALING)
    return StaticStampStyle.from_pdf_file(
        str(drawn), border_width=0, background_opacity=1.0, background_layout=as_drawn
    )
