"""Tables of lesson 10: small groups withheld, the payment step by step, a report altered, who can ask what."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from evaluation.assurance.provenance.manifest import check_sums, files_in, hashes, read_sums, write_sums
from evaluation.assurance.questions import ASKED, KINDS, Question
from evaluation.counterfactual.sample import Array
from evaluation.errors import UserError
from evaluation.language import Language, Text, number, text
from evaluation.payment.decide import STATISTICS, decide
from evaluation.payment.evidence import gather_evidence, settle
from evaluation.publishing.disclosure import SUPPRESSED, suppress
from evaluation.publishing.exhibits import Figure, Table
from evaluation.publishing.monitoring import mean_hours
from evaluation.publishing.published_tables import published, write_table
from evaluation.publishing.results import RESULTS
from evaluation.reporting.displays import result_tables
from evaluation.reporting.displays.prose import money
from evaluation.reporting.displays.words import SUPPRESSED as WITHHELD
from evaluation.reporting.displays.words import VERDICTS, centre_name, outcome_name
from evaluation.reporting.figures import payment
from evaluation.study.contract import Contract
from evaluation.study.formulas import Ramp
from evaluation_course.data import LessonData, lesson_data

LEVELS: dict[str, Text] = {
    "media": text("scuola media", "lower secondary school"),
    "superiori-biennio": text("superiori, biennio", "upper secondary, first two years"),
    "superiori-triennio": text("superiori, triennio", "upper secondary, last three years"),
    "": text("tutti", "all"),
}
CENTRES = ("treated", "comparison")
DIGITS = 12  # of a digest, enough to see that it is another
WITH: dict[Question, Text] = {
    "signature": text(
        "il PDF firmato e i certificati di cui ci si fida", "the signed PDF and the certificates one trusts"
    ),
    "unchanged": text("il PDF firmato", "the signed PDF"),
    "files": text("la cartella del rapporto", "the report folder"),
    "inputs": text("la cartella dello studio e il suo blocco", "the study folder and its lock"),
    "code": text("il codice", "the code"),
    "tables": text("lo studio e il codice, rieseguendo tutto", "the study and the code, running everything again"),
    "numbers": text("la cartella del rapporto", "the report folder"),
}


def groups(data: LessonData) -> pd.DataFrame:
    """Count the children scored at the end and average their primary scores, by centre and school; school "" is all."""
    scores = data.scores[(data.scores["outcome"] == data.primary) & (data.scores["wave"] == data.wave)].dropna()
    children = scores.merge(data.study.consenting[["participant", "treated", "school_grade"]])
    children["centre"] = np.where(children["treated"], *CENTRES)
    every = pd.concat([children, children.assign(school_grade="")])
    found = every.groupby(["centre", "school_grade"])["score"].agg(n="size", mean="mean").reset_index()
    found["last"] = found["school_grade"] == ""
    return found.sort_values(["centre", "last", "school_grade"], ascending=[False, True, True], ignore_index=True)


def printed(data: LessonData, centre: str) -> tuple[float, float, Array, Array]:
    """Return what the table prints of a centre: children and mean of all, then of each group that is not withheld."""
    found = groups(data)
    here = found[(found["centre"] == centre) & (found["n"] >= data.study.protocol.privacy.minimum_cell)]
    every, parts = here[here["last"]], here[~here["last"]]
    return (
        float(every["n"].item()), float(every["mean"].item()), parts["n"].to_numpy(dtype=float), parts["mean"].to_numpy(),
    )  # fmt: skip


def hidden_counts(counts: Array, minimum: int) -> Array:
    """Return counts with NaN in the place of those that the package withholds."""
    shown = suppress(pd.DataFrame({"n": counts}), ("n",), (), minimum)["n"]
    return pd.to_numeric(shown, errors="coerce").to_numpy(dtype=float)


def small_groups(data: LessonData, language: Language) -> Table:
    """Means by centre and school as a report would print them, cells of too few children withheld, totals shown."""
    minimum = data.study.protocol.privacy.minimum_cell
    shown = suppress(groups(data), ("n",), ("centre", "school_grade"), minimum)
    rows = tuple(
        (
            centre_name(data.study.protocol, row["centre"], language), LEVELS[row["school_grade"]][language],
            _or_withheld(row["n"], language, 0), _or_withheld(row["mean"], language, 3),
        )
        for row in shown.to_dict("records")
    )  # fmt: skip
    words = {"it": ("Centro", "Scuola", "Ragazzi", "Media"), "en": ("Centre", "School", "Children", "Mean")}
    name = outcome_name(data.study.protocol, data.primary, language)
    caption = {
        "it": f"{name} alla fine, per centro e per scuola: omesso ciò che riguarda meno di {minimum} ragazzi.",
        "en": f"{name} at the end, by centre and school: withheld what is about fewer than {minimum} children.",
    }
    return Table(words[language], rows, frozenset({2, 3}), caption[language])


def _or_withheld(cell: Any, language: Language, decimals: int) -> str:
    return WITHHELD[language] if cell == SUPPRESSED else number(float(cell), language, decimals)


def contract_of(data: LessonData) -> Contract:
    """Return the contract of the study."""
    if data.study.contract is None:
        raise UserError(f"{data.study.protocol.study.id}: no contract.yml")
    return data.study.contract


def ramp_of(data: LessonData) -> Ramp:
    """Return the ramp by which the study's contract pays."""
    ramp = contract_of(data).rules[0].formula.ramp
    if ramp is None:
        raise UserError(f"{data.study.protocol.study.id}, contract.yml: the first rule is no ramp")
    return ramp


def steps(data: LessonData, language: Language) -> Table:
    """The payment, step by step."""
    return result_tables.payment_steps(_trace(data), language)


def ramp(data: LessonData, language: Language) -> Figure | str:
    """The rule of payment, and where the evidence stands on it."""
    return payment.ramp(data.study, _trace(data), language)


def statistics(data: LessonData, language: Language) -> Table:
    """What would be due if the contract paid on the estimate, and if it paid on the lower end of its interval."""
    contract = contract_of(data)
    evidence = gather_evidence(data.study.protocol, contract, *_tables(data.study.folder.name), mean_hours(data.study))
    rows = []
    for statistic, words in STATISTICS.items():
        decisions = tuple(each.model_copy(update={"statistic": statistic}) for each in contract.decision)
        verdict = decide(contract.model_copy(update={"decision": decisions}), evidence)
        value = float(verdict.metrics[0].value or Decimal("NaN"))
        amount = money(str(verdict.amount), verdict.currency, language)
        rows.append((words[language], number(value, language), VERDICTS[verdict.state][language], amount))
    columns = {"it": ("Statistica", "Valore", "Esito", "Importo"), "en": ("Statistic", "Value", "Verdict", "Amount")}
    caption = {
        "it": "Gli stessi dati, la stessa rampa, due contratti diversi.",
        "en": "The same data, the same ramp, two different contracts.",
    }
    return Table(columns[language], tuple(rows), frozenset({1, 3}), caption[language])


@cache
def _tables(study: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return estimates, flow and balance of a study as their published files hold them: text."""
    data = lesson_data(study)

    def made(name: str) -> pd.DataFrame:
        return RESULTS[name].table(data.study, data.scores).astype(object).map(published)

    return made("estimates"), made("flow"), made("balance")


def _trace(data: LessonData) -> dict[str, Any]:
    return settle(data.study, *_tables(data.study.folder.name), mean_hours(data.study))[1]


def altered(data: LessonData, language: Language) -> Table:
    """A small report whose sums are written, then altered in one digit, and what the check of the sums finds."""
    with TemporaryDirectory() as scratch:
        report = Path(scratch, "report")
        for name in ("flow", "attrition", "monitoring"):
            write_table(RESULTS[name].table(data.study, data.scores), report / f"{name}.csv")
        write_sums(report)
        listed = read_sums(report)
        _alter(report / "flow.csv")
        (report / "note.txt").write_text("please read\n", encoding="utf-8")
        found = hashes(report, [name for name in files_in(report) if name != "SHA256SUMS"])
        kinds = {difference.file: difference.kind for difference in check_sums(report)}
    same = text("come elencato", "as listed")
    rows = tuple(
        (name, _short(listed.get(name, "")), _short(found[name]), KINDS.get(kinds.get(name, ""), same)[language])
        for name in sorted(found)
    )
    words = {
        "it": ("File", "Nell'elenco", "Nella cartella", "Esito"),
        "en": ("File", "In the list", "In the folder", "Result"),
    }
    caption = {
        "it": "Un piccolo rapporto dopo che qualcuno ha cambiato una cifra e aggiunto un file: le impronte SHA-256, accorciate.",
        "en": "A small report after somebody changed one digit and added a file: the SHA-256 fingerprints, shortened.",
    }
    return Table(words[language], rows, frozenset(), caption[language])


def _alter(path: Path) -> None:
    """Change the last digit of a file."""
    content = path.read_text(encoding="utf-8")
    place = max(position for position, character in enumerate(content) if character.isdigit())
    digit = str((int(content[place]) + 1) % 10)
    path.write_text(content[:place] + digit + content[place + 1 :], encoding="utf-8")


def _short(digest: str) -> str:
    return f"{digest[:DIGITS]}…" if digest else "–"


def questions(language: Language) -> Table:
    """The seven questions of `evaluation verify`, and what is needed to answer each."""
    rows = tuple(
        (f"{place}. {words[language][0].upper()}{words[language][1:]}", WITH[question][language])
        for place, (question, words) in enumerate(ASKED.items(), start=1)
    )
    columns = {"it": ("Domanda", "Che cosa serve per rispondere"), "en": ("Question", "What is needed to answer")}
    caption = {
        "it": "Le sette domande di evaluation verify.",
        "en": "The seven questions of evaluation verify.",
    }
    return Table(columns[language], rows, frozenset(), caption[language])
