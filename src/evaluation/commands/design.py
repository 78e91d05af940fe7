"""The command design."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evaluation.commands.console import StudyName, link, out, progress, say, user_language
from evaluation.language import Language, Text, number, percent, text

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

    from evaluation.design.plan import Planned

Children = Annotated[
    int | None, typer.Option(min=2, max=100_000, help="Children with both scores; else participants.csv.")
]
METHODS: dict[str, Text] = {  # the first two are naive
    "before_after": text("prima-dopo", "before-after"),
    "difference": text("con-senza", "with-without"),
    "did": text("diff-in-diff", "diff-in-diff"),
    "ancova": text("ANCOVA", "ANCOVA"),
    "permutation": text("permutazione", "permutation"),
    "two_centre": text("due centri", "two-centre"),
}


def design(
    study: StudyName,
    treated: Children = None,
    comparison: Children = None,
    rho: Annotated[
        float, typer.Option(min=-0.99, max=0.99, help="Correlation of the two waves within a centre, to be assumed.")
    ] = 0.5,
    effect: Annotated[
        float | None, typer.Option(min=0.001, max=100, help="Effect simulated, in SDs; else the contract's, or 0.5.")
    ] = None,
    sd: Annotated[
        float | None, typer.Option(min=1e-6, help="SD within a centre, in the unit the contract pays on.")
    ] = None,
    gap: Annotated[float, typer.Option(help="Lead of the treated centre at the start, in SDs.")] = 0.25,
    trend: Annotated[float, typer.Option(help="Gain without the programme, in SDs.")] = 0.25,
    simulations: Annotated[int, typer.Option(min=100, max=1_000_000, help="Simulated studies a centre shock.")] = 2_000,
) -> None:
    """Power, minimum detectable effects and simulated operating characteristics of the protocol, before any answer."""
    from evaluation.design.centre_shocks import diagnose_protocol
    from evaluation.design.plan import read_plan
    from evaluation.study.places import study_folder

    folder = study_folder(study)
    planned = read_plan(folder, treated=treated, comparison=comparison, rho=rho, sd=sd, effect=effect)
    language = user_language()
    for line in _assumed(planned, gap, trend):
        say(line)
    out.print(_detectable(planned, language), _power(planned, language), soft_wrap=False)
    with progress() as notify:
        table = diagnose_protocol(
            planned, simulations, gap=gap, trend=trend, notify=lambda done, total: notify("design", done, total)
        )
    out.print(_characteristics(table, language), soft_wrap=False)
    out.print(link(_written(table, folder)))


def _assumed(planned: Planned, gap: float, trend: float) -> Iterator[Text]:
    """Say what the numbers rest on."""
    plan, analysis = planned.plan, planned.protocol.analysis
    source = {
        "it": "contati in participants.csv, nessuno perso" if planned.counted else "come indicato",
        "en": "counted in participants.csv, none lost" if planned.counted else "as given",
    }
    n1, n0, seed = plan.n_treated, plan.n_comparison, analysis.seed
    yield text(
        f"[bold]Si assume[/] {n1} e {n0} ragazzi ({source['it']}); correlazione tra le due rilevazioni "
        f"{number(plan.rho, 'it')}; alfa {percent(plan.alpha, 'it', 1)}; effetti in deviazioni standard entro il centro.",
        f"[bold]Assumed[/] {n1} and {n0} children ({source['en']}); correlation of the two waves "
        f"{number(plan.rho, 'en')}; alpha {percent(plan.alpha, 'en', 1)}; effects in standard deviations within a centre.",
    )
    yield text(
        f"Nella simulazione: divario iniziale {number(gap, 'it')}, crescita senza programma {number(trend, 'it')}, effetto "
        f"{number(planned.effect, 'it')}, covariate escluse, seme {seed}.",
        f"In the simulation: initial gap {number(gap, 'en')}, gain without the programme {number(trend, 'en')}, effect "
        f"{number(planned.effect, 'en')}, no covariates, seed {seed}.",
    )


def _table(title: Text, columns: list[Text], language: Language) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title=title[language], title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(
            column[language], justify="left" if column["en"] in ("ICC", "method") else "right", no_wrap=True
        )
    return table


def _detectable(planned: Planned, language: Language) -> Table:
    from evaluation.design.plan import detectable_table

    icc = planned.protocol.analysis.centre_shock_icc or 0.0
    title = text("Minimo effetto rilevabile, potenza 80 %", "Minimum detectable effect, power 80 %")
    heads = [
        text("correlazione", "correlation"), text("metodo", "method"), text("formula", "formula"),
        text("t non centrale", "noncentral t"), text(f"con ICC {number(icc, 'it')}", f"with ICC {number(icc, 'en')}"),
    ]  # fmt: skip
    table = _table(title, heads, language)
    for _, row in detectable_table(planned).query("estimator != 'difference'").iterrows():
        found = (number(row[name], language, 3) for name in ("normal", "exact", "two_centre"))
        style = "bold" if row["rho"] == planned.plan.rho else ""
        table.add_row(number(row["rho"], language), METHODS[row["estimator"]][language], *found, style=style)
    return table


def _power(planned: Planned, language: Language) -> Table:
    from evaluation.design.plan import power_table

    title = text("Potenza per effetto (* = soglia del contratto)", "Power by effect (* = threshold of the contract)")
    names = ["difference", "did", "ancova"]
    table = _table(title, [text("effetto", "effect"), *(METHODS[name] for name in names)], language)
    for _, row in power_table(planned).iterrows():
        mark = "*" if row["effect"] in planned.paid else ""
        table.add_row(number(row["effect"], language) + mark, *(percent(row[name], language) for name in names))
    return table


def _characteristics(found: pd.DataFrame, language: Language) -> Table:
    first = found.iloc[0]
    worst = 0.5 / first["simulations"] ** 0.5
    title = text(
        f"Caratteristiche operative: {first['simulations']} studi simulati per riga, errore Monte Carlo delle quote fino a "
        f"{percent(worst, 'it', 1)} (→ il protocollo)",
        f"Operating characteristics: {first['simulations']} simulated studies a row, Monte Carlo error of shares up to "
        f"{percent(worst, 'en', 1)} (→ the protocol)",
    )
    heads = [
        text("ICC", "ICC"), text("metodo", "method"), text("distors.", "bias"), text("RMSE", "RMSE"),
        text("copertura", "coverage"), text("falsi pos.", "size"), text("potenza", "power"),
    ]  # fmt: skip
    table = _table(title, heads, language)
    for icc, rows in found.groupby("shock_icc"):
        for place, (_, row) in enumerate(rows.iterrows()):
            values = [number(row[name], language, 3) for name in ("bias", "rmse")]
            values += [percent(row[name], language, 1) for name in ("coverage", "size", "power")]
            name = f"{'→' if row['protocol'] else ' '} {METHODS[row['method']][language]}"
            first_cell = "" if place else number(float(icc), language)
            table.add_row(first_cell, name, *values, style="bold" if row["protocol"] else "")
        table.add_section()
    return table


def _written(table: pd.DataFrame, folder: Path) -> Path:
    """Write the table beside the study's folder, never into it; return its path."""
    from evaluation.publishing.published_tables import write_table

    path = folder.with_name(f"{folder.name}-design.csv")
    draft = path.with_name(f".{path.name}.part")
    write_table(table, draft)
    return draft.replace(path)
