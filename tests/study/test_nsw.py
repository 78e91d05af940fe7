"""The command line on a study with a known answer: the National Supported Work experiment, earnings in 1978.

Data: `nsw_mixtape` of the package causaldata (Cunningham 2021; LaLonde 1986, Dehejia and Wahba 1999). 445 men.
"""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
import yaml
from conftest import Repository

PROTOCOL = {
    "format": 1,
    "study": {"id": "nsw", "title": {"it": "NSW, guadagni", "en": "NSW, earnings"}, "provenance": "public"},
    "centres": {"treated": "programme", "comparison": "control"},
    "waves": [{"id": "t0", "role": "baseline"}, {"id": "t1", "role": "endline"}],
    "outcomes": [{"id": "earnings", "role": "primary", "kind": "measure", "unit": "USD"}],
    "covariates": ["age", "educ", "black"],
    "analysis": {"permutations": 999},
}


@pytest.fixture(scope="module")
def nsw() -> pd.DataFrame:
    from causaldata import nsw_mixtape

    return nsw_mixtape.load_pandas().data.reset_index(drop=True).astype({"treat": int})


def write_study(folder: Path, nsw: pd.DataFrame) -> Path:
    """Write the experiment as a study folder."""
    folder.mkdir()
    (folder / "protocol.yml").write_text(yaml.safe_dump(PROTOCOL), encoding="utf-8")
    instrument = [("item", "scale", "minimum", "maximum", "reverse", "wording_it", "wording_en")]
    instrument += [("earnings", "", "", "", "no", "Guadagno annuo", "Earnings in the year")]
    people, answers = [("participant", "centre", "age", "educ", "black")], [("participant", "wave", "item", "value")]
    for number, man in enumerate(nsw.itertuples()):
        code = f"P{number:03d}"
        centre = "programme" if man.treat else "control"
        people.append((code, centre, *(int(value) for value in (man.age, man.educ, man.black))))
        answers += [(code, "t0", "earnings", float(man.re75)), (code, "t1", "earnings", float(man.re78))]
    for name, rows in (("instrument", instrument), ("participants", people), ("responses", answers)):
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows(rows)
    return folder


@pytest.fixture(scope="module")
def outputs(repository: Repository, nsw: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nsw")
    repository.evaluation("run", write_study(folder / "study", nsw), "--output", folder / "out")
    return folder / "out"


@pytest.fixture(scope="module")
def estimates(outputs: Path) -> dict[str, dict[str, str]]:
    with (outputs / "reports/tables/estimates.csv").open(encoding="utf-8", newline="") as stream:
        return {row["estimator"]: row for row in csv.DictReader(stream)}


def test_the_data_are_those_of_the_literature(nsw: pd.DataFrame) -> None:
    # published: effect 1794.34, classical standard error 632.85 (Dehejia and Wahba 1999, table 3), to two decimals
    model = smf.ols("re78 ~ treat", nsw)
    assert model.fit().params["treat"] == pytest.approx(1794.342, abs=5e-4)
    assert model.fit().bse["treat"] == pytest.approx(632.8534, abs=5e-5)
    assert model.fit(cov_type="HC1").bse["treat"] == pytest.approx(670.8245, abs=5e-5)


def test_the_difference_is_the_experimental_one(estimates: dict[str, dict[str, str]]) -> None:
    assert float(estimates["difference"]["estimate"]) == pytest.approx(1794.342, abs=0.001)
    assert float(estimates["difference"]["std_error"]) == pytest.approx(670.9965, abs=0.01)
    counts = [estimates["difference"][name] for name in ("n_treated", "n_comparison")]
    assert counts == ["185", "260"]


@pytest.mark.parametrize(
    ("estimator", "formula"),
    [
        ("difference", "re78 ~ treat"),
        ("did", "change ~ treat"),
        ("did_adjusted", "change ~ treat + age + educ + black"),
        ("ancova", "re78 ~ treat + re75 + age + educ + black"),
    ],
)
def test_regressions_are_those_of_statsmodels(
    nsw: pd.DataFrame, estimates: dict[str, dict[str, str]], estimator: str, formula: str
) -> None:
    fit = smf.ols(formula, nsw.assign(change=nsw["re78"] - nsw["re75"])).fit(cov_type="HC2")
    # twelve digits are published; two routes to the same least squares agree to about ten
    assert float(estimates[estimator]["estimate"]) == pytest.approx(fit.params["treat"], rel=1e-8)
    assert float(estimates[estimator]["std_error"]) == pytest.approx(fit.bse["treat"], rel=1e-8)


def test_the_panel_gives_the_same_point_as_did(estimates: dict[str, dict[str, str]]) -> None:
    # every man has both years, where the two are the same contrast
    assert float(estimates["panel"]["estimate"]) == pytest.approx(float(estimates["did"]["estimate"]), rel=1e-8)


def test_every_estimate_is_a_number_or_says_that_it_does_not_apply(estimates: dict[str, dict[str, str]]) -> None:
    for row in estimates.values():
        assert math.isfinite(float(row["estimate"])), row["estimator"]
        low, point, high = (float(row[name]) for name in ("ci_low", "estimate", "ci_high"))
        assert low < point < high
        assert np.isnan(float(row["p_value"] or "nan")) or 0 <= float(row["p_value"]) <= 1


def test_public_data_without_a_contract_say_so(outputs: Path) -> None:
    page = (outputs / "reports/04_effects.en.html").read_text(encoding="utf-8")
    assert "PUBLIC DATA, EXERCISE" in page
    assert "SYNTHETIC" not in page
    assert '"state": "none"' in (outputs / "reports/tables/payment.json").read_text(encoding="utf-8")
    assert not (outputs / "reports/contract.yml").exists()
