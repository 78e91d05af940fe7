"""Who is missing: children enrolled, analysed and lost, by centre."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evaluation.counterfactual.panel import build_sample
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
    """Overall and differential attrition: wave, overall, treated, comparison, differential (shares between 0 and 1)."""
    rows = []
    for wave, here in flow.groupby("wave", sort=False):
        counts = here.set_index("centre")
        share = counts["lost"] / counts["enrolled"].replace(0, np.nan)
        differential = abs(share["treated"] - share["comparison"])
        rows.append((wave, share["both"], share["treated"], share["comparison"], differential))
    return pd.DataFrame(rows, columns=["wave", "overall", "treated", "comparison", "differential"])
