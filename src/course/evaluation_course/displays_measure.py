"""Tables of lesson 6: the items of a scale, and what the rule for missing answers does to the finding."""

from __future__ import annotations

from evaluation.counterfactual.analysis import estimate_effect
from evaluation.counterfactual.sample import build_sample
from evaluation.language import Language, interval, number, percent, text
from evaluation.measurement.scores import Rule, score_study
from evaluation.publishing.exhibits import Table
from evaluation.reporting.displays.words import SUPPRESSED, outcome_name
from evaluation_course.data import LessonData
from evaluation_course.figures_measure import SCALE, given_sheet

RULES: dict[Rule, dict[Language, str]] = {
    "protocol": text("almeno metà delle domande", "at least half of the items"),
    "all_answered": text("tutte le domande", "all items"),
}


def items(data: LessonData, language: Language) -> Table:
    """The items of one scale as they were put: words, direction, share without an answer, mean of the answers."""
    given = given_sheet(data)
    turned = {"it": ("sì", "no"), "en": ("yes", "no")}[language]
    rows = tuple(
        (
            item.id, item.wording[language], turned[0] if item.reverse else turned[1],
            percent(float(given[item.id].isna().mean()), language), number(float(given[item.id].mean()), language),
        )
        for item in data.study.instrument.scale(SCALE)
    )  # fmt: skip
    words = {
        "it": ("Domanda", "Parole", "Al contrario", "Senza risposta", "Media"),
        "en": ("Item", "Words", "Reversed", "No answer", "Mean"),
    }
    name = outcome_name(data.study.protocol, SCALE, language)
    caption = {
        "it": f"{name}: le domande, da 1 (per niente d'accordo) a 5 (del tutto), e le risposte di tutti all'inizio.",
        "en": f"{name}: the items, from 1 (not at all) to 5 (entirely), and everybody's answers at the start.",
    }
    return Table(words[language], rows, frozenset({3, 4}), caption[language])


def rules(data: LessonData, language: Language) -> Table:
    """One scale and the composite under both rules for missing answers: children seen twice, effect, interval."""
    rows = tuple(_under(data, outcome, rule, language) for outcome in (SCALE, data.primary) for rule in RULES)
    words = {
        "it": (
            "Esito",
            "Un punteggio a chi ha dato",
            "Ragazzi visti due volte",
            "Effetto",
            "Intervallo al 95 %",
        ),
        "en": ("Outcome", "A score for whoever answered", "Children seen twice", "Effect", "95 % interval"),
    }
    least = data.study.protocol.privacy.minimum_cell
    caption = {
        "it": "La stessa stima con due regole per le risposte che mancano.",
        "en": "The same estimate under two rules for missing answers.",
    }
    note = {
        "it": f"Omesso: in uno dei centri restano meno di {least} ragazzi.",
        "en": f"Withheld: in one of the centres fewer than {least} children remain.",
    }
    return Table(words[language], rows, frozenset({2, 3, 4}), caption[language], note[language])


def _under(data: LessonData, outcome: str, rule: Rule, language: Language) -> tuple[str, ...]:
    sample = build_sample(data.study, score_study(data.study, rule), outcome, data.wave)
    pairs = sample.pairs()
    name = outcome_name(data.study.protocol, outcome, language), RULES[rule][language]
    if min(pairs.n_treated, pairs.n_comparison) < data.study.protocol.privacy.minimum_cell:
        return (*name, *[SUPPRESSED[language]] * 3)
    found = estimate_effect(data.study, sample, data.study.protocol.outcome(outcome), data.wave, "did")
    return (
        *name, number(len(pairs.treated), language, 0), number(found.estimate, language),
        interval(found.ci_low, found.ci_high, language),
    )  # fmt: skip
