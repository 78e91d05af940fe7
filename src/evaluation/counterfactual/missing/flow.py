"""Who is missing: children enrolled, analysed and lost, by centre."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evaluation.counterfactual.missing.attrition import judge_attrition
from evaluation.counterfactual.sample import NoEstimate, build_sample
from evaluation.study.folder import Study


def flow_table(study: Study, scores: pd.DataFrame) -> pd.DataFrame:
    """Design counts of the primary outcome: wave, centre (treated, comparison, both), enrolled, analysed, lost.

    Lost are all enrolled children who are not analysed, for whatever reason: absence, missing answers, no consent.
    """
    rows = []
    for wave in study.protocol.follow_ups:
        sample = build_sample(study, scores, study.protocol.primary.id, wave.id).pairs()
        enrolled_treated = int(study.participants["treated"].sum())
        counts = {
            "treated": (enrolled_treated, sample.n_treated),
            "comparison": (len(study.participants) - enrolled_treated, sample.n_comparison),
        }
        counts["both"] = (sum(c[0] for c in counts.values()), sum(c[1] for c in counts.values()))
        rows += [(wave.id, centre, n, kept, n - kept) for centre, (n, kept) in counts.items()]
    return pd.DataFrame(rows, columns=["wave", "centre", "enrolled", "analysed", "lost"])


def attrition_table(flow: pd.DataFrame) -> pd.DataFrame:
    """Overall and differential attrition against the boundary of the What Works Clearinghouse.

    Columns: wave, overall, treated, comparison, differential, cautious, optimistic (largest tolerable differential), all
    shares between 0 and 1; verdict (low, low_if_optimistic, high; empty where it cannot be given).
    """
    rows = []
    for wave, here in flow.groupby("wave", sort=False):
        counts = here.set_index("centre")
        share = counts["lost"] / counts["enrolled"].replace(0, np.nan)
        differential = abs(share["treated"] - share["comparison"])
        try:
            judged = judge_attrition(share["both"], differential)
            verdict: tuple[object, ...] = (judged.cautious, judged.optimistic, judged.verdict)
        except NoEstimate:
            verdict = (np.nan, np.nan, "")
        rows.append((wave, share["both"], share["treated"], share["comparison"], differential, *verdict))
    columns = ["wave", "overall", "treated", "comparison", "differential", "cautious", "optimistic", "verdict"]
    return pd.DataFrame(rows, columns=columns)
