"""Where the formulas of a contract begin to pay, or to pay in full."""

from __future__ import annotations

from decimal import Decimal

from evaluation.study.formulas import Formula


def thresholds(formula: Formula) -> tuple[Decimal, ...]:
    """Return the effects that a formula names, in order; zero where it pays for any effect, however small."""
    if formula.steps:
        return tuple(sorted({step.start for step in formula.steps}))
    if formula.ramp:
        return (formula.ramp.start, formula.ramp.full)
    return (formula.fixed.threshold,) if formula.fixed else (Decimal(0),)
