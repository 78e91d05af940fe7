"""Formulae for HTML: TeX to MathML, escaped, or refused when not understood."""

from __future__ import annotations

from functools import cache
from html import unescape
from xml.etree.ElementTree import Element, tostring

from evaluation.errors import UserError

ARGUMENTS = {"mfrac": 2, "mroot": 2, "msub": 2, "msup": 2, "mover": 2, "munder": 2, "msubsup": 3, "munderover": 3}


@cache
def to_mathml(tex: str, display: bool = False) -> str:
    """Return a formula as a MathML element.

    Raises
    ------
    UserError
        An unknown command, a missing argument or a stray `&`.
    """
    from latex2mathml.converter import Converter

    source = tex.strip().replace("{aligned}", "{align*}")  # JupyterLab wants the first, latex2mathml the second
    try:
        formula = Converter(display="block" if display else "inline").convert_to_element(source)
    except Exception as error:  # the library raises one class for each mistake, without a common base
        raise _refuse(tex, type(error).__name__) from error
    for element in formula.iter():
        _check(element, tex)
    formula.set("alttext", tex.strip())
    return tostring(formula, encoding="unicode", short_empty_elements=False)


def _check(element: Element, tex: str) -> None:
    """Turn the library's entities into characters, escaped again on writing: its own writer lets `<script>` through."""
    element.text = unescape(element.text) if element.text else None
    if element.text == "&" or (element.tag == "mi" and (element.text or "").startswith("\\")):
        raise _refuse(tex, f"{element.text!r} has no meaning here")
    if len(element) != ARGUMENTS.get(element.tag, len(element)):
        raise _refuse(tex, f"an argument is missing ({element.tag})")
    if "href" in element.attrib:
        raise _refuse(tex, "links are not allowed in a formula")


def _refuse(tex: str, found: str) -> UserError:
    return UserError(f"formula ${tex}$: {found}; write it with the TeX commands of the other notebooks")
