"""Tables of the lessons: four means, methods where the answer is known, what two centres refuse and allow."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from evaluation.counterfactual.analysis import estimate_effect
from evaluation.counterfactual.estimate import Estimate
from evaluation.counterfactual.estimators.clusters import clustered
from evaluation.counterfactual.estimators.linear import hc2
from evaluation.counterfactual.estimators.registry import ESTIMATORS
from evaluation.counterfactual.estimators.weights import effective_sample_size, entropy_weights
from evaluation.counterfactual.means import centre_means
from evaluation.counterfactual.sample import NoEstimate, Sample
from evaluation.design.power import Plan, detectable
from evaluation.language import NO_VALUE, Language, interval, number, percent
from evaluation.publishing.exhibits import Table
from evaluation.reporting.displays.words import centre_name, covariate_name, outcome_name
from evaluation_course.data import LessonData, nsw_experiment, nsw_observational

RHO = 0.7  # correlation of the two waves within a centre, as in studies of this kind


def four_means(data: LessonData, language: Language) -> Table:
    """Means of the two centres before and after, of the children seen twice, and what is added between."""
    means = centre_means(data.study, data.scores, data.primary)
    here = means[means["wave"] == data.wave].set_index(["centre", "when"])["mean"]
    rows = []
    for centre in ("treated", "comparison"):
        before, after = here[centre, "baseline"], here[centre, "follow_up"]
        cells = (number(value, language, 3) for value in (before, after, after - before))
        rows.append((centre_name(data.study.protocol, centre, language), *cells))
    words = {"it": ("Centro", "Prima", "Dopo", "Cambiamento"), "en": ("Centre", "Before", "After", "Change")}
    name = outcome_name(data.study.protocol, data.primary, language)
    unit = data.study.protocol.outcome(data.primary).unit_text[language]
    caption = {
        "it": f"{name}: medie dei ragazzi visti due volte, in {unit}.",
        "en": f"{name}: means of the children seen twice, in {unit}.",
    }
    return Table(words[language], tuple(rows), frozenset({1, 2, 3}), caption[language])


def fits(data: LessonData, methods: Iterable[str]) -> dict[str, Estimate]:
    """Estimate the primary outcome of the study by each method."""
    outcome, sample = data.study.protocol.primary, data.sample()
    return {method: estimate_effect(data.study, sample, outcome, data.wave, method) for method in methods}


def estimates(data: LessonData, methods: Iterable[str], language: Language) -> Table:
    """What methods say of the primary outcome of the study, with their intervals."""
    protocol = data.study.protocol
    found = fits(data, methods).values()
    rows = [
        (
            ESTIMATORS[each.estimator].name[language],
            number(each.estimate, language, 3),
            number(each.std_error, language, 3),
            interval(each.ci_low, each.ci_high, language),
        )
        for each in found
    ]
    level = percent(1 - protocol.analysis.alpha, language)
    words = {
        "it": ("Metodo", "Stima", "Errore standard", f"Intervallo al {level}"),
        "en": ("Method", "Estimate", "Standard error", f"{level} interval"),
    }
    name, unit = outcome_name(protocol, data.primary, language), protocol.primary.unit_text[language]
    caption = {
        "it": f"{name}: che cosa dice ogni metodo, in {unit}.",
        "en": f"{name}: what each method says, in {unit}.",
    }
    return Table(words[language], tuple(rows), frozenset({1, 2, 3}), caption[language])


def nsw_methods(methods: Iterable[str], language: Language) -> Table:
    """What methods say of the NSW programme with a survey in place of the controls, and what the experiment says."""
    experiment = ESTIMATORS["difference"](nsw_experiment()).estimate
    observed = nsw_observational()
    name = {"it": "esperimento (estrazione a sorte)", "en": "experiment (drawn by lot)"}[language]
    rows = [(name, number(experiment, language, 0), NO_VALUE, NO_VALUE)]
    rows += [_method(method, observed, experiment, language) for method in methods]
    words = {
        "it": ("Metodo", "Stima, dollari", "Intervallo al 95 %", "Errore, dollari"),
        "en": ("Method", "Estimate, dollars", "95 % interval", "Error, dollars"),
    }
    caption = {
        "it": "Guadagni annui nel 1978: che cosa direbbe ogni metodo con 15.992 uomini di un'indagine al posto del "
        "gruppo estratto a sorte.",
        "en": "Earnings in 1978: what each method would say with 15,992 men of a survey in place of the group drawn "
        "by lot.",
    }
    note = {
        "it": "LaLonde (1986), Dehejia e Wahba (1999): 185 uomini nel programma. L'errore è la distanza dalla stima "
        "dell'esperimento.",
        "en": "LaLonde (1986), Dehejia and Wahba (1999): 185 men in the programme. The error is the distance from "
        "the experiment.",
    }
    return Table(words[language], tuple(rows), frozenset({1, 2, 3}), caption[language], note[language])


def _method(method: str, sample: Sample, truth: float, language: Language) -> tuple[str, str, str, str]:
    fit, n = ESTIMATORS[method](sample), (sample.n_treated, sample.n_comparison)
    found = Estimate("re78", "primary", "1978", method, "USD", fit.estimate, fit.std_error, fit.df, *n)
    shown = interval(found.ci_low, found.ci_high, language, 0)
    name = ESTIMATORS[method].name[language]
    return name, number(found.estimate, language, 0), shown, number(found.estimate - truth, language, 0)


def refusal(data: LessonData, language: Language) -> str:
    """Return what the package answers when asked for standard errors clustered on the two centres."""
    pairs = data.sample().pairs()
    design = np.column_stack([np.ones(len(pairs.treated)), pairs.treated])
    try:
        fit = clustered(pairs.change, design, 1, pairs.treated, pairs.treated)
        said = number(fit.std_error, language, 3)
    except NoEstimate as refused:
        said = refused.reason[language]
    words = {
        "it": "Chiesto l'errore standard raggruppato per centro, il codice risponde",
        "en": "Asked for the standard error clustered by centre, the code answers",
    }
    return f"> {words[language]}: *{said}.*"


def minimum_effects(data: LessonData, language: Language) -> Table:
    """Minimum detectable effects for more and more children a centre, without and with the declared centre shock."""
    analysis = data.study.protocol.analysis
    rows = []
    for children in (20, 40, 80, 160, 640, 2560):
        plan = Plan(children, children, RHO, analysis.alpha)
        found = detectable(plan, shock_icc=analysis.centre_shock_icc or 0.0)
        rows.append((number(children, language, 0), number(found.exact, language), number(found.two_centre, language)))
    words = {
        "it": ("Ragazzi per centro", "Senza eventi di centro", "Con un evento per centro"),
        "en": ("Children a centre", "Without centre shocks", "With a shock in each centre"),
    }
    caption = {
        "it": "Differenza minima rilevabile di una differenza nelle differenze, in deviazioni standard del punteggio.",
        "en": "Minimum detectable effect of a difference in differences, in standard deviations of the score.",
    }
    icc, rho = number(analysis.centre_shock_icc or 0.0, language), number(RHO, language, 1)
    note = {
        "it": f"Quattro volte su cinque, con p sotto {percent(analysis.alpha, language)}; correlazione tra le "
        f"rilevazioni {rho}. "
        f"L'evento è quello del protocollo: {icc} della varianza del cambiamento sta tra i centri.",
        "en": f"Four times in five, with p below {percent(analysis.alpha, language)}; correlation of the waves "
        f"{rho}. The shock "
        f"is that of the protocol: {icc} of the variance of change lies between centres.",
    }
    return Table(words[language], tuple(rows), frozenset({1, 2}), caption[language], note[language])


def worlds(children: pd.DataFrame, language: Language) -> Table:
    """Five invented children of each centre: both outcomes, the effect, and which one life would have shown."""
    first = pd.concat([children[children["treated"]].head(5), children[~children["treated"]].head(5)])
    rows = []
    for place, child in enumerate(first.itertuples(), start=1):
        values = (child.without, child.with_programme, child.with_programme - child.without)
        centre, shown = WORLD_WORDS[bool(child.treated)][language]
        rows.append((f"{place}", centre, *(number(value, language) for value in values), shown))
    words = {
        "it": ("Ragazzo", "Centro", "Senza programma", "Con il programma", "Effetto", "La vita mostra"),
        "en": ("Child", "Centre", "Without", "With the programme", "Effect", "Life shows"),
    }
    caption = {
        "it": "Dieci ragazzi inventati, i trattati nei due mondi e il confronto in quello senza programma: punteggio finale, "
        "in deviazioni standard iniziali.",
        "en": "Ten invented children, the treated in both worlds and the comparison in the one without the programme: final "
        "score, in standard deviations at the start.",
    }
    return Table(words[language], tuple(rows), frozenset({2, 3, 4}), caption[language])


WORLD_WORDS: dict[bool, dict[Language, tuple[str, str]]] = {
    True: {"it": ("trattato", "con"), "en": ("treated", "with")},
    False: {"it": ("confronto", "senza"), "en": ("comparison", "without")},
}


def parts(children: pd.DataFrame, language: Language) -> Table:
    """The difference between those with and those without the programme, and the two parts it is made of."""
    treated = children["treated"]
    with_it, without_it = children["with_programme"][treated].mean(), children["without"][treated].mean()
    others = children["without"][~treated].mean()
    names = {
        "it": ("differenza tra i due gruppi", "effetto medio sui trattati", "distorsione da selezione"),
        "en": ("difference between the groups", "average effect on the treated", "selection bias"),
    }
    values = (with_it - others, with_it - without_it, without_it - others)
    rows = tuple((name, number(value, language, 3)) for name, value in zip(names[language], values, strict=True))
    words = {"it": ("Quantità", "Valore"), "en": ("Quantity", "Value")}
    caption = {
        "it": "La prima riga è la somma delle altre due; con dati veri si vede soltanto la prima.",
        "en": "The first row is the sum of the other two; with real data only the first is seen.",
    }
    return Table(words[language], rows, frozenset({1}), caption[language])


def errors(data: LessonData, language: Language) -> Table:
    """The standard error of the same estimate, by three ways of counting."""
    pairs = data.sample().pairs()
    treated, post = np.tile(pairs.treated, 2), np.repeat([0.0, 1.0], len(pairs.treated))
    design = np.column_stack([np.ones(len(post)), treated, post, treated * post])
    rows_as_children = hc2(np.concatenate([pairs.baseline, pairs.follow_up]), design, 3)
    found = (rows_as_children, ESTIMATORS["did"](pairs), ESTIMATORS["panel"](pairs))
    n = len(pairs.treated)
    names = {
        "it": (
            f"{2 * n} righe, come se fossero ragazzi diversi",
            f"{n} cambiamenti, uno per ragazzo",
            f"{2 * n} righe, in grappoli per ragazzo",
        ),
        "en": (
            f"{2 * n} rows, as if of different children",
            f"{n} changes, one a child",
            f"{2 * n} rows, clustered by child",
        ),
    }
    rows = tuple(
        (name, number(fit.estimate, language, 3), number(fit.std_error, language, 3))
        for name, fit in zip(names[language], found, strict=True)
    )
    words = {
        "it": ("Come si conta", "Stima", "Errore standard"),
        "en": ("What is counted", "Estimate", "Standard error"),
    }
    caption = {
        "it": "La stessa stima con tre errori: soltanto gli ultimi due sanno che un ragazzo somiglia a sé stesso.",
        "en": "The same estimate with three errors: only the last two know that a child is like itself.",
    }
    return Table(words[language], rows, frozenset({1, 2}), caption[language])


def alike(data: LessonData, language: Language) -> Table:
    """Means of covariates and first score: treated, comparison, and the comparison weighted to resemble the treated."""
    pairs = data.sample().pairs(with_covariates=True)
    values = np.column_stack([pairs.covariates, pairs.baseline])
    weights, others = entropy_weights(pairs.treated, values), ~pairs.treated
    means = np.column_stack(
        [
            values[pairs.treated].mean(axis=0),
            values[others].mean(axis=0),
            np.average(values[others], axis=0, weights=weights[others]),
        ]
    )
    first_score = {"it": "punteggio iniziale", "en": "first score"}[language]
    names = [covariate_name(name, language) for name in pairs.covariate_names] + [first_score]
    rows = tuple((name, *(number(value, language) for value in row)) for name, row in zip(names, means, strict=True))
    words = {
        "it": ("Caratteristica", "Trattati", "Confronto", "Confronto pesato"),
        "en": ("Characteristic", "Treated", "Comparison", "Weighted comparison"),
    }
    caption = {
        "it": "Medie dei ragazzi visti due volte; per sesso e scuola sono quote.",
        "en": "Means of the children seen twice; for sex and school they are shares.",
    }
    count = number(effective_sample_size(weights[others]), language, 0)
    note = {
        "it": f"I {others.sum()} ragazzi del confronto, così pesati, informano quanto {count} che contino tutti uguale.",
        "en": f"The {others.sum()} comparison children, so weighted, inform as much as {count} who all count the same.",
    }
    return Table(words[language], rows, frozenset({1, 2, 3}), caption[language], note[language])
