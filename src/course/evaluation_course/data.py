"""The data of the lessons: the synthetic study that ships, and a real experiment whose answer is known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from evaluation.checks import checked_study
from evaluation.counterfactual.sample import Sample, build_sample
from evaluation.errors import UserError
from evaluation.language import text
from evaluation.measurement.scores import score_study
from evaluation.study.folder import Study
from evaluation.study.places import study_folder
from evaluation.synthetic.study import Parameters, write_study

STUDY = "volare-alto-2023"
NSW_COVARIATES = ("age", "educ", "black", "hisp", "marr", "nodegree", "re74")
NO_NSW = text(
    "I dati NSW stanno nel pacchetto causaldata, che qui manca. Installarlo nell'ambiente: pip install causaldata",
    "The NSW data are in the package causaldata, which is missing here. Install it: pip install causaldata",
)


@dataclass(frozen=True)
class LessonData:
    """A study with its scores, and short ways to what the lessons look at.

    scores : participant, wave, outcome, score, one row a child, wave and outcome.
    """

    study: Study
    scores: pd.DataFrame

    @property
    def primary(self) -> str:
        """The id of the primary outcome."""
        return self.study.protocol.primary.id

    @property
    def wave(self) -> str:
        """The id of the first wave after the baseline."""
        return self.study.protocol.follow_ups[0].id

    def sample(self, outcome: str = "") -> Sample:
        """Return every consenting child with its scores before and after; of the primary outcome unless another is named."""
        return build_sample(self.study, self.scores, outcome or self.primary, self.wave)

    def children(self, outcome: str = "") -> pd.DataFrame:
        """Return the children seen at both waves: treated (bool), before, after, change, one row a child."""
        pairs = self.sample(outcome).pairs()
        return pd.DataFrame(
            {"treated": pairs.treated, "before": pairs.baseline, "after": pairs.follow_up, "change": pairs.change}
        )


@cache
def lesson_data(study: str = STUDY) -> LessonData:
    """Return a study by name or path, checked and scored; the study that ships unless another is named.

    Raises
    ------
    UserError : no such study, or it has errors.
    """
    checked, _ = checked_study(study_folder(study))
    return LessonData(checked, score_study(checked))


@cache
def both_worlds() -> pd.DataFrame:
    """Return children of an invented study in two worlds, which only an invention can show.

    Returns
    -------
    One row a child: treated (bool), without and with_programme (final score on the primary outcome; with_programme NaN
    for the comparison children, whom nobody trained in either world).
    """
    parameters = Parameters(attrition=(0.0, 0.0), nonresponse=0.0, broken_off=0.0)
    trained, untrained = (final_scores(world) for world in (parameters, replace(parameters, effects={})))
    return untrained.rename(columns={"score": "without"}).assign(
        with_programme=trained["score"].where(trained["treated"])
    )


def final_scores(parameters: Parameters) -> pd.DataFrame:
    """Draw a synthetic study and score it: treated (bool) and score, the final one of the primary outcome, by child."""
    with TemporaryDirectory() as scratch:
        write_study(Path(scratch), parameters)
        study, _ = checked_study(Path(scratch))
    data = LessonData(study, score_study(study))
    sample = data.sample()
    children = pd.DataFrame({"treated": sample.treated, "score": sample.follow_up}, study.consenting["participant"])
    return children.dropna()


@cache
def nsw_experiment() -> Sample:
    """Return the National Supported Work experiment: earnings of 1975 and 1978 in dollars, 185 men treated, 260 controls.

    Raises
    ------
    UserError : the package causaldata is not installed.

    References
    ----------
    LaLonde (1986); Dehejia & Wahba (1999).
    """
    return _men(_nsw("nsw_mixtape"))


@cache
def nsw_observational() -> Sample:
    """Return the treated men of the experiment beside 15,992 men of a population survey (CPS) in place of the controls.

    Raises
    ------
    UserError : the package causaldata is not installed.
    """
    men = _nsw("nsw_mixtape")
    return _men(pd.concat([men[men["treat"] == 1], _nsw("cps_mixtape")], ignore_index=True))


def _nsw(name: str) -> pd.DataFrame:
    try:
        import causaldata  # type: ignore[import-untyped]
    except ImportError:
        raise UserError(NO_NSW) from None
    return getattr(causaldata, name).load_pandas().data


def _men(men: pd.DataFrame) -> Sample:
    before, after = (men[year].to_numpy(dtype=np.float64) for year in ("re75", "re78"))
    covariates = men[list(NSW_COVARIATES)].to_numpy(dtype=np.float64)
    return Sample(men["treat"].to_numpy() == 1, before, after, covariates, NSW_COVARIATES)
