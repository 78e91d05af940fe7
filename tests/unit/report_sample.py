"""An executed bilingual notebook, its outputs made by the functions that notebooks call."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from evaluation.language import LANGUAGES, Language, number
from evaluation.publishing.exhibits import Exhibit, Figure, Table, bundle, escape_markdown

HOSTILE = ("<script>alert(1)</script>", '#eval("x")', "$a_b", "*x*", "@fig-x", "a\\b & [c](d) `e`")
FORMULA = r"$$\hat\tau = \frac{1}{n_1}\sum_{i:D_i=1} \Delta Y_i - \frac{1}{n_0}\sum_{i:D_i=0} \Delta Y_i$$"

mpl.use("Agg")


def code(source: str, *published: tuple[str, Any], tags: tuple[str, ...] = ()) -> NotebookNode:
    """Return a code cell whose outputs are those of `show(label, make)` for each pair."""
    outputs = [
        new_output("display_data", data=data, metadata=metadata)
        for label, make in published
        for data, metadata in (bundle(label, language, make(language)) for language in LANGUAGES)
    ]
    return new_code_cell(source, outputs=outputs, metadata={"tags": list(tags)})


def prose(it: str, en: str) -> list[NotebookNode]:
    """Return a Markdown cell in each language."""
    return [new_markdown_cell(source, metadata={"tags": [tag]}) for tag, source in (("it", it), ("en", en))]


def notebook(*cells: NotebookNode) -> NotebookNode:
    """Return a notebook with cell ids that are the same each time."""
    for position, cell in enumerate(cells):
        cell["id"] = f"cell-{position}"
    return new_notebook(cells=list(cells))


def means(language: Language) -> Figure:
    """Draw two lines."""
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(6.2, 3.1), layout="constrained")
    for centre, start, slope, style in (("Volare Alto", 3.1, 0.42, "o-"), ("Confronto", 3.05, 0.11, "s--")):
        axes.errorbar([0, 1], [start, start + slope], yerr=0.12, fmt=style, capsize=3, label=centre)
    axes.set_xticks([0, 1], {"it": ["marzo", "giugno"], "en": ["March", "June"]}[language])
    axes.set_xlim(-0.25, 1.25)
    axes.set_ylabel({"it": "punti (1–5)", "en": "points (1–5)"}[language])
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    words = {
        "it": (
            "Medie con intervallo al 95 %, per centro e rilevazione",
            "Due linee che salgono: più ripida Volare Alto.",
        ),
        "en": ("Means with 95% interval, by centre and wave", "Two rising lines: the steeper is Volare Alto."),
    }
    return Figure(figure, *words[language], note={"it": "Dati sintetici.", "en": "Synthetic data."}[language])


def forest(language: Language) -> Figure:
    """Draw eight estimates with their intervals."""
    from matplotlib import pyplot as plt

    generator = np.random.default_rng(3)
    figure, axes = plt.subplots(figsize=(6.2, 3.6), layout="constrained")
    axes.errorbar(generator.normal(0.25, 0.15, 8), range(8), xerr=0.2, fmt="o", color="#0b5563", capsize=0)
    axes.axvline(0, color="0.6", lw=0.8)
    axes.set_yticks(range(8), [f"{'Scala' if language == 'it' else 'Scale'} {i}" for i in range(1, 9)])
    words = {
        "it": ("Effetti standardizzati", "Otto punti, sei a destra dello zero."),
        "en": ("Standardised effects", "Eight points, six to the right of zero."),
    }
    return Figure(figure, *words[language])


def effects(language: Language) -> Table:
    """Return a table of four columns."""
    columns = {"it": ("Esito", "Effetto", "Intervallo al 95 %", "p"), "en": ("Outcome", "Effect", "95% interval", "p")}
    rows = tuple(
        (name, number(effect, language), f"{number(effect - 0.2, language)} – {number(effect + 0.2, language)}", p)
        for name, effect, p in (
            ("STEAM", 0.31, "0,004"),
            ("Pensiero al futuro", 0.12, "0,21"),
            ("Creatività", -0.05, "0,62"),
        )
    )
    caption = {"it": "Effetti alla fine del corso", "en": "Effects at the end of the course"}[language]
    return Table(
        columns[language],
        rows,
        frozenset({1, 2, 3}),
        caption,
        note={"it": "Errori standard HC2.", "en": "HC2."}[language],
    )


def wide(language: Language) -> Table:
    """Return a table of fourteen columns."""
    names = (
        "Item",
        *(
            f"{'Volare' if k % 2 else 'Confr.'} t{k // 2} {stat}"
            for k, stat in enumerate(["N", "media", "DS", "α"] * 3)
        ),
        "Δ",
    )
    rows = tuple(
        (f"Item {i:02d}: so usare gli strumenti digitali", *(number((i * 7 + k) % 31 / 3, language) for k in range(13)))
        for i in range(1, 46)
    )
    return Table(
        names,
        rows,
        frozenset(range(1, 14)),
        {"it": "Tutti gli item, tutte le rilevazioni", "en": "Every item, every wave"}[language],
    )


def hostile(language: Language) -> Exhibit:
    """Return a table whose words, all of them, attack the page."""
    return Table(
        ("Testo", *HOSTILE),
        tuple((text, *HOSTILE) for text in HOSTILE),
        frozenset(),
        " ".join(HOSTILE),
        " ".join(HOSTILE),
    )


def sample() -> NotebookNode:
    """Return the notebook that the tests convert."""
    return notebook(
        *prose("# Effetti: quanto è cambiato, e rispetto a chi", "# Effects: how much changed, and against whom"),
        *prose(
            "## 1 Domanda\n\nDi quanto sono cresciute le competenze dei minori di *Volare Alto*, rispetto a un centro "
            "analogo? La @fig-means mostra le medie, la @tbl-effects le stime. Lo stimatore è la differenza nelle "
            f"differenze, con $\\Delta Y_i = Y_{{i1}} - Y_{{i0}}$:\n\n{FORMULA}\n\n"
            "Costa da $5 a $6 a testa; `@fig-code` è codice.\n\n"
            "- tendenze parallele in assenza del corso;\n- nessun effetto sul centro di confronto.\n\n> Una citazione.",
            "## 1 Question\n\nHow much did the skills of the minors of *Volare Alto* grow, compared with an analogous "
            "centre? @fig-means shows the means, @tbl-effects the estimates. The estimator is the difference in "
            f"differences, with $\\Delta Y_i = Y_{{i1}} - Y_{{i0}}$:\n\n{FORMULA}\n\n"
            "It costs from $5 to $6 each; `@fig-code` is code.\n\n"
            "- parallel trends without the course;\n- no effect on the comparison centre.\n\n> A short quotation.",
        ),
        *prose("### Parametri", "### Parameters"),
        new_code_cell("study = 'volare-alto-2023'\nseed = 20230306", metadata={"tags": ["parameters"]}),
        new_code_cell("secret_setup = 1", metadata={"tags": ["hide"]}),
        new_code_cell(
            "1 + 1", outputs=[new_output("execute_result", data={"text/plain": "PLAIN REPR"}, execution_count=1)]
        ),
        *prose("## 2 Risultati", "## 2 Results"),
        code("show('fig-means', lambda language: means(panel, language))  # one call an exhibit", ("fig-means", means)),
        code("show('tbl-effects', effects)", ("tbl-effects", effects)),
        code(
            "show('txt-outcome', outcome)",
            (
                "txt-outcome",
                lambda language: (
                    {"it": "L’effetto è **0,31** punti per ", "en": "The effect is **0.31** points for "}[language]
                    + escape_markdown(" ".join(HOSTILE))
                    + "."
                ),
            ),
        ),
        *prose(
            "### Per scala\n\n| Scala | Item |\n|:--|--:|\n| Interesse | 8 |\n| Creatività | 4 |",
            "### By scale\n\n| Scale | Items |\n|:--|--:|\n| Interest | 8 |\n| Creativity | 4 |",
        ),
        code("show('fig-forest', forest)", ("fig-forest", forest)),
        code("show('tbl-wide', wide)", ("tbl-wide", wide)),
        *prose(
            "## 3 Limiti\n\n" + "Un secondo centro solo non basta a separare il corso dal centro. " * 12,
            "## 3 Limitations\n\n" + "A single second centre cannot tell the course from the centre. " * 12,
        ),
        code("show('tbl-hostile', hostile)", ("tbl-hostile", hostile)),
        new_markdown_cell("See @fig-forest, @tbl-wide and https://example.org/x?a=1."),
    )
