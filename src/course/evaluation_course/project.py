"""The final project: a synthetic study with an effect and a flaw that its folder does not tell, delivered in two parts.

The seed that the student chooses decides the truth; nothing in the folder holds it. First come the children and their
first answers; when the protocol is locked, the rest. The conclusions are held against the truth by `rubric`.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd

from evaluation.assurance.lock.lock import compare_lock
from evaluation.errors import UserError
from evaluation.language import Text, text
from evaluation.synthetic.study import SCALES, Parameters, synthesize
from evaluation_course.data import final_scores

PRIMARY = ("interest", "making", "futures", "task")
QUESTIONS = PRIMARY[:3]
SIZES = (0.0, 0.3, 0.6, 0.9)  # true effect on every primary scale, in latent SD
OWN = 0.9  # what a centre does by itself where that is the flaw, in latent SD
SALT = 20230306
CHOICE = "estimator: did"
FOLLOW_UP = "t1"
LATER = ("attendance.csv",)  # files that come with the second delivery
FLAWS: dict[str, Text] = {
    "none": text("nessun difetto", "no flaw"),
    "own_trend": text(
        "il centro trattato cresceva per conto suo, in "
        "tutto", "the treated centre was growing by itself, in everything"
    ),
    "comparison_shock": text(
        "un evento ha fermato il centro di confronto, in "
        "tutto", "a shock held the comparison centre back, in everything"
    ),
    "attrition": text(
        "dal centro trattato sono andati via molti ragazzi, e non a caso",
        "many children left the treated centre, and not by chance",
    ),
    "reversed_item": text(
        "le domande inverse erano già state rovesciate da chi ha inserito i dati",
        "the reversed items had been turned round already by whoever entered the data",
    ),
    "ceiling": text(
        "quasi tutti rispondevano già all'inizio vicino al "
        "massimo", "nearly all answered close to the maximum from the start"
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Hidden:
    """What a seed decides: the flaw, the parameters without it, and those that the answers are drawn from."""

    flaw: str
    sound: Parameters
    drawn: Parameters


def hidden(seed: int) -> Hidden:
    """Return the truth behind a seed."""
    draw = np.random.Generator(np.random.PCG64(np.random.SeedSequence([SALT, abs(seed)])))
    flaw, size = str(draw.choice(list(FLAWS))), float(draw.choice(SIZES))
    effects = {scale: size if scale in PRIMARY else 0.0 for scale in SCALES}
    sound = Parameters(
        seed=int(draw.integers(2**31)), n_treated=64, n_comparison=61, effects=effects, centre_shock_sd=0.0
    )
    moved = {scale: effect + OWN for scale, effect in effects.items()}
    flawed: dict[str, Callable[[], Parameters]] = {
        "own_trend": lambda: replace(sound, effects=moved),
        "comparison_shock": lambda: replace(sound, effects=moved, trend=sound.trend - OWN),
        "attrition": lambda: replace(sound, attrition=(0.35, 0.05), selection=2.5),
    }
    return Hidden(flaw, sound, flawed.get(flaw, lambda: sound)())


def true_effect(seed: int) -> float:
    """Return what the programme did to the mean score of its own children, in the unit of the primary outcome.

    Both worlds are drawn from the same random streams, with the programme and without: the difference of the treated
    children's final scores is their effect itself, not an estimate.
    """
    sound = replace(hidden(seed).sound, attrition=(0.0, 0.0), nonresponse=0.0, broken_off=0.0)
    trained, untrained = (final_scores(world) for world in (sound, replace(sound, effects={})))
    return float((trained["score"] - untrained["score"])[trained["treated"]].mean())


def prepare(seed: int, folder: Path) -> Text:
    """Write the first delivery into a new folder, or the second into a folder whose protocol is locked; say what came.

    Raises
    ------
    UserError : the folder holds something else, the protocol is not locked yet, or everything was delivered.
    """
    files = _files(seed)
    if not folder.exists() or not any(folder.iterdir()):
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in _first(files).items():
            (folder / name).write_bytes(content)
        return text(
            "Prima consegna: scegliere lo stimatore in protocol.yml, bloccare il protocollo, tornare a questo comando.",
            "First delivery: choose the estimator in protocol.yml, lock the protocol, come back to this command.",
        )
    _may_deliver(folder)
    for name in ("participants.csv", "responses.csv", *LATER):
        (folder / f".{name}").write_bytes(files[name])
        (folder / f".{name}").replace(folder / name)
    return text(
        "Seconda consegna: ci sono tutte le risposte. Eseguire lo studio e scrivere conclusions.yml.",
        "Second delivery: all the answers are there. Run the study and write conclusions.yml.",
    )


def _may_deliver(folder: Path) -> None:
    if not (folder / "conclusions.yml").is_file():
        raise UserError(
            text(f"{folder}: contiene altro. Dare una cartella nuova, o quella di un progetto cominciato.",
                 f"{folder}: holds something else. Give a new folder, or that of a project that was begun.")
        )  # fmt: skip
    if any((folder / name).exists() for name in LATER):
        raise UserError(
            text(f"{folder}: è già stato consegnato tutto.", f"{folder}: everything was delivered already.")
        )
    if not compare_lock(folder).locked:
        raise UserError(
            text("Il protocollo non è ancora bloccato, e prima non si vedono le risposte: evaluation lock e la cartella.",
                 "The protocol is not locked yet, and no answers are seen before: evaluation lock and the folder.")
        )  # fmt: skip


def _files(seed: int) -> dict[str, bytes]:
    """Every file of the study as collected, with its flaw, and what the student writes in."""
    truth = hidden(seed)
    files = synthesize(truth.drawn)
    spoil = {"reversed_item": _turned_twice, "ceiling": _near_the_top}.get(truth.flaw)
    if spoil is not None:
        tables = (pd.read_csv(io.BytesIO(files[name]), dtype=str, keep_default_na=False) for name in SPOILT)
        files["responses.csv"] = _csv(spoil(*tables))
    protocol = files["protocol.yml"].decode().replace("id: volare-alto-2023", "id: final-project")
    files["protocol.yml"] = protocol.replace(CHOICE, "estimator:   # da scegliere / to be chosen").encode()
    for name in ("README.md", "conclusions.yml"):
        files[name] = resources.files("evaluation_course").joinpath("project_files", name).read_bytes()
    return files


SPOILT = ("responses.csv", "instrument.csv")


def _first(files: dict[str, bytes]) -> dict[str, bytes]:
    """What is there before the programme begins: children, first answers, and the papers."""
    children, answers = (
        pd.read_csv(io.BytesIO(files[name]), dtype=str, keep_default_na=False)
        for name in ("participants.csv", "responses.csv")
    )
    children[["left_on", "left_reason"]] = ""
    early = {"participants.csv": _csv(children), "responses.csv": _csv(answers[answers["wave"] != FOLLOW_UP])}
    return {name: content for name, content in (files | early).items() if name not in LATER}


def _turned_twice(answers: pd.DataFrame, instrument: pd.DataFrame) -> pd.DataFrame:
    """Reversed items of the primary questionnaire as if somebody had turned them round before entering them."""
    turned = instrument[(instrument["reverse"] == "yes") & instrument["scale"].isin(QUESTIONS)]
    return _change(answers, turned, lambda value, low, high: low + high - value)


def _near_the_top(answers: pd.DataFrame, instrument: pd.DataFrame) -> pd.DataFrame:
    """Answers two steps better than they were, as far as the scale goes."""
    asked = instrument[instrument["scale"].isin(QUESTIONS)]
    plain, reverse = asked[asked["reverse"] != "yes"], asked[asked["reverse"] == "yes"]
    better = _change(answers, plain, lambda value, _, high: np.minimum(value + 2, high))
    return _change(better, reverse, lambda value, low, _: np.maximum(value - 2, low))


def _change(answers: pd.DataFrame, items: pd.DataFrame, how: Callable[..., pd.Series]) -> pd.DataFrame:
    """Change the answers given to some items: `how` gets them as numbers, with the ends of the scale."""
    changed = answers.copy()
    rows = changed["item"].isin(items["item"]) & (changed["value"] != "")
    ends = items.set_index("item")[["minimum", "maximum"]].astype(int)
    item = changed.loc[rows, "item"]
    value = how(changed.loc[rows, "value"].astype(int), item.map(ends["minimum"]), item.map(ends["maximum"]))
    changed.loc[rows, "value"] = value.astype(int).astype(str)
    return changed


def _csv(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False, lineterminator="\n").encode()
