"""The marks of a final project: what can be checked by itself, and what a person has to read."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from evaluation.assurance.lock.lock import compare_lock
from evaluation.checks import checked_study
from evaluation.counterfactual.analysis import estimate_effect
from evaluation.counterfactual.estimate import Estimate
from evaluation.counterfactual.estimators.registry import ESTIMATORS
from evaluation.counterfactual.sample import build_sample
from evaluation.language import LANGUAGES, Language, Text, interval, number, text
from evaluation.measurement.scores import score_study
from evaluation.study.documents import Model, Number, read_document
from evaluation.study.findings import Findings, escaped
from evaluation_course.project import FLAWS, hidden, true_effect

CLOSE = 0.006  # two decimals, rounded
BY_ITSELF = {"own_trend", "comparison_shock"}  # look alike in the estimate; the means of each centre tell them apart


class Conclusions(Model):
    """What a student concludes: conclusions.yml."""

    estimate: Number
    low: Number
    high: Number
    finding: Literal["effect", "no_effect", "undecided"]
    flaw: Literal["none", "own_trend", "comparison_shock", "attrition", "reversed_item", "ceiling"]
    why: Annotated[str, Field(max_length=5000)]


@dataclass(frozen=True)
class Mark:
    """Points of a line of the rubric, of how many, and why."""

    points: int
    of: int
    what: Text
    comment: Text


def grade(seed: int, folder: Path) -> tuple[Mark, ...]:
    """Mark a project.

    Raises
    ------
    UserError : the conclusions or the study cannot be read; every defect is named.
    """
    findings = Findings()
    conclusions = read_document(folder / "conclusions.yml", Conclusions, findings)
    findings.raise_errors()
    assert conclusions is not None  # noqa: S101 (a document that cannot be read is a finding)
    found = _pre_specified(folder)
    return (
        _plan(found),
        _locked(folder),
        *_numbers(conclusions, found),
        _flaw(conclusions.flaw, hidden(seed).flaw),
        _finding(conclusions, found, hidden(seed).flaw),
    )


def report(seed: int, folder: Path) -> dict[Language, list[str]]:
    """Return the truth and the marks, line by line, in each language."""
    marks, effect, flaw = grade(seed, folder), true_effect(seed), hidden(seed).flaw
    total, of = sum(mark.points for mark in marks), sum(mark.of for mark in marks)
    words: dict[Language, list[str]] = {
        "it": [
            f"La verità: l'effetto sui ragazzi del centro trattato è {number(effect, 'it')}; {FLAWS[flaw]['it']}.",
            *_lines(marks, "it"),
            f"In tutto {total} punti su {of}. Le ragioni (why) e il protocollo li legge una persona: {READ['it']}",
        ],
        "en": [
            f"The truth: the effect on the children of the treated centre is {number(effect, 'en')}; "
            f"{FLAWS[flaw]['en']}.",
            *_lines(marks, "en"),
            f"In all {total} points of {of}. A person reads the reasons (why) and the protocol: {READ['en']}",
        ],
    }
    return words


READ = text(
    "si dice dove si è visto il difetto? si dice che cosa ne segue per la stima? si distingue ciò che i dati non "
    "possono dire?",
    "does it say where the flaw was seen? what follows for the estimate? what the data cannot tell?",
)


def _lines(marks: tuple[Mark, ...], language: Language) -> Iterator[str]:
    for mark in marks:
        yield f"{mark.points}/{mark.of}  {mark.what[language]}: {escaped(mark.comment[language])}"


def _pre_specified(folder: Path) -> Estimate:
    """Return the estimate that the student's own protocol asks for."""
    study, _ = checked_study(folder)
    outcome, wave = study.protocol.primary, study.protocol.follow_ups[0].id
    sample = build_sample(study, score_study(study), outcome.id, wave)
    return estimate_effect(study, sample, outcome, wave, study.protocol.analysis.estimator)


def _plan(found: Estimate) -> Mark:
    naive = ESTIMATORS[found.estimator].naive
    name = ESTIMATORS[found.estimator].name
    comment = {code: name[code] for code in LANGUAGES}
    what = text("uno stimatore che usa il confronto e la baseline", "an estimator that uses comparison and baseline")
    return Mark(0 if naive else 2, 2, what, comment)


def _locked(folder: Path) -> Mark:
    state = compare_lock(folder)
    what = text(
        "un protocollo bloccato prima delle risposte, e rispettato", "a protocol locked before the answers, and kept"
    )
    if not state.locked or state.after_data:
        return Mark(0, 2, what, text("bloccato tardi, o mai", "locked late, or never"))
    if state.differences:
        return Mark(1, 2, what, text("cambiato dopo il blocco", "changed after the lock"))
    return Mark(2, 2, what, text("sì", "yes"))


def _numbers(conclusions: Conclusions, found: Estimate) -> Iterator[Mark]:
    right = {code: number(found.estimate, code) for code in LANGUAGES}
    yield Mark(int(_close(conclusions.estimate, found.estimate)), 1, text("la stima", "the estimate"), right)
    ends = _close(conclusions.low, found.ci_low) and _close(conclusions.high, found.ci_high)
    shown = {code: interval(found.ci_low, found.ci_high, code) for code in LANGUAGES}
    yield Mark(int(ends), 1, text("l'intervallo", "the interval"), shown)


def _close(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=0, abs_tol=CLOSE)


def _flaw(said: str, true: str) -> Mark:
    points = 3 if said == true else 1 if {said, true} == BY_ITSELF else 0
    return Mark(points, 3, text("il difetto", "the flaw"), FLAWS[true])


def _finding(conclusions: Conclusions, found: Estimate, flaw: str) -> Mark:
    """A finding as the interval and a flaw that undermines it allow: with one, only `undecided` is safe."""
    excludes = found.ci_low > 0 or found.ci_high < 0
    allowed = {"effect"} if excludes else {"undecided", "no_effect"}
    if flaw != "none":
        allowed = {"undecided"}
    words = {
        "effect": text("l'intervallo esclude lo zero", "the interval excludes zero"),
        "no_effect": text("l'intervallo contiene lo zero", "the interval holds zero"),
        "undecided": text("con questo difetto la stima non decide", "with this flaw the estimate does not decide"),
    }
    reason = words["undecided"] if flaw != "none" else words["effect" if excludes else "no_effect"]
    what = text("una conclusione che i dati permettono", "a conclusion that the data allow")
    return Mark(int(conclusions.finding in allowed), 1, what, reason)
