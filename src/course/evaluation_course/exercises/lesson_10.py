"""Lesson 10, the report: a withheld group found by subtraction, what to withhold, what a contract pays."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from evaluation.counterfactual.sample import Array
from evaluation.language import text
from evaluation.study.formulas import Ramp
from evaluation_course.data import lesson_data
from evaluation_course.displays_report import groups, hidden_counts, printed, ramp_of
from evaluation_course.exercise import Exercise, Identity, Invariance, Mistake
from evaluation_course.figures import did_estimate


def _withheld_mean(*_: object) -> float:
    """Mean of the one withheld group of the comparison centre, from the children themselves."""
    data = lesson_data()
    found = groups(data)
    here = found[(found["centre"] == "comparison") & (found["n"] < data.study.protocol.privacy.minimum_cell)]
    return float(here["mean"].item())


def _counts() -> tuple[Array, int]:
    data = lesson_data()
    found = groups(data)
    return found.loc[~found["last"], "n"].to_numpy(dtype=float), data.study.protocol.privacy.minimum_cell


def _every_kind() -> tuple[Array, int]:
    return np.array([25.0, 0.0, 10.0, 9.0, 1.0, 4.0, 12.0]), 10


def _as_zero(counts: Array, minimum: int) -> Array:
    return np.where((counts > 0) & (counts < minimum), 0.0, counts)


def _found() -> tuple[Array, float, float, float]:
    ramp = ramp_of(lesson_data())
    effect = did_estimate(lesson_data()).estimate
    return np.array([effect]), float(ramp.start), float(ramp.full), float(ramp.amount_full)


def _other_effects() -> tuple[Array, float, float, float]:
    """Effects below zero, below the threshold, on the ramp, at its end and beyond."""
    return np.array([-0.2, 0.05, 0.3, 0.4, 0.6, 1.1]), 0.2, 0.6, 8000.0


def _paid(effects: Array, start: float, full: float, amount: float) -> Array:
    rule = Ramp.model_validate({"start": start, "full": full, "amount_start": 0, "amount_full": amount})
    return np.array([float(rule.at(Decimal(repr(float(effect))))) for effect in effects])


def _line(effects: Array, start: float, full: float, amount: float) -> Array:
    return (effects - start) / (full - start) * amount


EXERCISES = (
    Exercise(
        id="10.1",
        task=text(
            "La media del gruppo omesso, da ciò che la tabella pubblica.",
            "The mean of the withheld group, from what the table publishes.",
        ),
        data=lambda: printed(lesson_data(), "comparison"),
        solution=_withheld_mean,
        mistakes=(
            Mistake(
                "means_only",
                lambda n, mean, parts, means: (len(parts) + 1) * mean - means.sum(),  # noqa: ARG005
                text(
                    "Così i gruppi contano tutti uguale. La media di tutti pesa ciascuno con i suoi ragazzi.",
                    "Then all groups count the same. The mean of all weighs each by its children.",
                ),
            ),
            Mistake(
                "total",
                lambda n, mean, parts, means: n * mean - (parts * means).sum(),
                text(
                    "Questa è la somma dei punteggi del gruppo omesso: per farne una media, quanti ragazzi sono?",
                    "This is the sum of the scores of the withheld group: to make it a mean, how many children are they?",
                ),
            ),
            Mistake(
                "of_all",
                lambda n, mean, parts, means: (n * mean - (parts * means).sum()) / n,
                text(
                    "La somma è divisa per tutti i ragazzi del centro: i suoi sono quelli che mancano al conto.",
                    "The sum is divided by all children of the centre: its own are those missing from the count.",
                ),
            ),
            Mistake(
                "difference",
                lambda n, mean, parts, means: mean - (parts * means).sum() / parts.sum(),  # noqa: ARG005
                text(
                    "Questa è la distanza tra la media di tutti e quella dei gruppi pubblicati: il gruppo omesso la spiega, ma "
                    "la sua media è un'altra.",
                    "This is the distance of the mean of all from that of the groups published: the withheld group explains "
                    "it, but its mean is another.",
                ),
            ),
        ),
        law=Identity(
            lambda hidden, n, mean, parts, means: bool(
                np.isclose(((n - parts.sum()) * hidden + (parts * means).sum()) / n, mean, atol=1e-3)
            ),
            text(
                "Rimesso al suo posto, il gruppo deve ridare la media di tutti: provare.",
                "Put back in its place, the group must give the mean of all again: try it.",
            ),
        ),
        moral=text(
            "Il numero omesso non era nascosto: bastava una sottrazione. Con un gruppo di uno, sarebbe un ragazzo.",
            "The number withheld was not hidden: a subtraction was enough. With a group of one, it would be a child.",
        ),
    ),
    Exercise(
        id="10.2",
        task=text(
            "I conteggi da pubblicare: NaN al posto di quelli tra 1 e il minimo escluso.",
            "The counts to publish: NaN in the place of those from 1 to below the minimum.",
        ),
        data=_counts,
        case=_every_kind,
        solution=hidden_counts,
        mistakes=(
            Mistake(
                "zeros_too",
                lambda counts, minimum: np.where(counts < minimum, np.nan, counts),
                text(
                    "Anche gli zeri sono spariti. In una casella vuota non c'è nessuno da riconoscere: lo zero si pubblica.",
                    "The zeros are gone, too. In an empty cell there is nobody to recognise: a zero is published.",
                ),
            ),
            Mistake(
                "the_minimum_too",
                lambda counts, minimum: np.where((counts > 0) & (counts <= minimum), np.nan, counts),
                text(
                    "È sparita anche una casella che ha esattamente il minimo, e il minimo basta.",
                    "A cell with exactly the minimum is gone as well, and the minimum is enough.",
                ),
            ),
            Mistake(
                "as_zero",
                _as_zero,
                text(
                    "Uno zero al posto di un numero omesso è un numero falso: chi legge deve vedere che qualcosa è omesso.",
                    "A zero in the place of a withheld number is a false number: readers must see that something is withheld.",
                ),
            ),
            Mistake(
                "large_ones",
                lambda counts, minimum: np.where(counts >= minimum, np.nan, counts),
                text(
                    "Al contrario: si vedono proprio i gruppi piccoli, e i grandi sono spariti.",
                    "The other way round: the small groups are the ones shown, and the large ones are gone.",
                ),
            ),
        ),
        law=Invariance(
            lambda counts, minimum: (np.where((counts > 0) & (counts < minimum), 0.0, counts)[::-1], minimum),
            lambda shown: np.nan_to_num(shown)[::-1],
            text(
                "Una tabella senza gruppi piccoli deve restare com'è, in qualsiasi ordine stiano le righe.",
                "A table without small groups must stay as it is, in whatever order its rows are.",
            ),
        ),
        moral=text(
            "È il primo passo. Il secondo è chiedersi se ciò che resta, totali compresi, restituisce ciò che manca.",
            "This is the first step. The second is to ask whether what remains, totals included, gives back what is missing.",
        ),
        decimals=0,
    ),
    Exercise(
        id="10.3",
        task=text(
            "L'importo dovuto lungo la rampa, per uno o più effetti.",
            "The amount due along the ramp, for one or more effects.",
        ),
        data=_found,
        case=_other_effects,
        solution=_paid,
        mistakes=(
            Mistake(
                "no_limits",
                _line,
                text(
                    "La retta continua da sola: sotto la soglia l'importo sarebbe negativo, oltre il pieno supererebbe il "
                    "tetto.",
                    "The line goes on by itself: below the threshold the amount would be negative, beyond the full value above "
                    "the cap.",
                ),
            ),
            Mistake(
                "no_cap",
                lambda *data: np.maximum(_line(*data), 0.0),
                text(
                    "Manca il tetto: oltre il valore pieno l'importo non cresce più.",
                    "The cap is missing: beyond the full value the amount grows no more.",
                ),
            ),
            Mistake(
                "no_floor",
                lambda *data: np.minimum(_line(*data), data[3]),
                text(
                    "Manca il fondo: un effetto sotto la soglia non fa pagare nulla, ma nemmeno restituire.",
                    "The floor is missing: an effect below the threshold earns nothing, but gives nothing back either.",
                ),
            ),
            Mistake(
                "from_zero",
                lambda effects, start, full, amount: np.where(
                    effects < start, 0.0, np.clip(effects / full, 0, 1) * amount
                ),
                text(
                    "La rampa comincia dalla soglia, non da zero: appena sopra la soglia si paga quasi nulla.",
                    "The ramp begins at the threshold, not at zero: just above it hardly anything is paid.",
                ),
            ),
            Mistake(
                "all_or_nothing",
                lambda effects, start, full, amount: np.where(effects >= start, amount, 0.0),  # noqa: ARG005
                text(
                    "Questo è un gradino: superata la soglia, tutto. La rampa paga in proporzione a quanto si è saliti.",
                    "This is a step: above the threshold, everything. The ramp pays in proportion to how far one has climbed.",
                ),
            ),
        ),
        law=Invariance(
            lambda effects, start, full, amount: (10 * effects, 10 * start, 10 * full, 2 * amount),
            lambda due: 2 * np.asarray(due),
            text(
                "Se effetto e soglie cambiano unità insieme, l'importo non si muove; se raddoppia l'importo pieno, raddoppia.",
                "If effect and thresholds change unit together, the amount stays; if the full amount doubles, so does it.",
            ),
        ),
        moral=text(
            "L'importo segue la regola scritta prima. Che la stima sia incerta resta vero, e si legge altrove.",
            "The amount follows the rule written beforehand. That the estimate is uncertain remains true, and stands "
            "elsewhere.",
        ),
        decimals=2,
    ),
)
