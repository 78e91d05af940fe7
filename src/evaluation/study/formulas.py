"""How an effect becomes an amount: the formulas of a contract, in exact decimals."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from evaluation.language import Text, text
from evaluation.study.documents import Defect, Model, decimal_number, refuse

FORMULAS: dict[str, Text] = {
    "per_unit": text("prezzo per unità di effetto", "price per unit of effect"),
    "steps": text("importo a gradini", "amount in steps"),
    "ramp": text("importo lungo la rampa", "amount along the ramp"),
    "fixed": text("importo fisso oltre la soglia", "fixed amount from a threshold"),
    "product": text("prezzo per il prodotto delle metriche", "price for the product of metrics"),
    "share": text("quota del costo evitato", "share of the avoided cost"),
    "bonus": text("premio su un'altra regola", "bonus on another rule"),
}


def _exact(value: Any) -> Any:
    # A YAML float such as 0.1 is taken by its shortest decimal form: what was written, not its binary neighbour.
    return repr(value) if isinstance(value, float) else decimal_number(value)


Exact = Annotated[Decimal, BeforeValidator(_exact), Field(max_digits=15)]  # times a published value: exact in 28 digits
Amount = Annotated[Exact, Field(ge=0)]
Rate = Annotated[Exact, Field(ge=0, le=1)]


class PerUnit(Model):
    """A price for each unit of effect."""

    price: Amount


class Step(Model):
    """The amount due from this value on."""

    start: Exact = Field(alias="from")
    amount: Amount


class Ramp(Model):
    """From `amount_start` at `start`, in a straight line, to `amount_full` at `full`; nothing below `start`."""

    start: Exact
    full: Exact
    amount_start: Amount
    amount_full: Amount

    @model_validator(mode="after")
    def _rises(self) -> Ramp:
        if self.full <= self.start:
            above = text(f"full sopra {self.start}", f"full above {self.start}")
            refuse([Defect(str(self.full), above, at=("full",))])
        return self

    def at(self, value: Decimal) -> Decimal:
        """Return the amount at a value."""
        if value < self.start:
            return Decimal(0)
        reached = min((value - self.start) / (self.full - self.start), Decimal(1))
        return self.amount_start + reached * (self.amount_full - self.amount_start)


class Fixed(Model):
    """One amount from a threshold on."""

    threshold: Exact
    amount: Amount


class Product(Model):
    """A price for the product of several metrics."""

    metrics: tuple[str, ...] = Field(min_length=2)
    price: Amount


class Share(Model):
    """A rate of the avoided cost until a sum is reached (`until` empty: without end)."""

    until: Amount | None = None
    rate: Rate


class Shares(Model):
    """Shares of an avoided cost of `unit_value` for each unit of effect."""

    unit_value: Amount
    shares: tuple[Share, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _in_order(self) -> Shares:
        """Only the last share may be without end, or those after it would never be reached."""
        ends = [share.until for share in self.shares[:-1]]
        rising = text("`until` crescenti, vuoto solo all'ultima", "`until` rising, empty only in the last one")
        if None in ends or ends != sorted(ends, key=lambda end: end or 0):
            refuse([Defect(", ".join(str(end) for end in ends), rising, at=("shares",))])
        return self

    def of(self, avoided: Decimal) -> Decimal:
        """Sum the rates on successive slices of an avoided cost: each holds until the payment reaches its `until`."""
        paid, rest = Decimal(0), avoided
        for share in self.shares:
            due = rest * share.rate
            taken = due if share.until is None else min(due, max(share.until - paid, Decimal(0)))
            paid += taken
            rest -= taken / share.rate if share.rate else Decimal(0)
        return paid


class Bonus(Model):
    """A rate on top of another rule's amount."""

    base: str
    rate: Amount


class Formula(Model):
    """How an effect becomes an amount: exactly one of these."""

    per_unit: PerUnit | None = None
    steps: Annotated[tuple[Step, ...], Field(min_length=1)] | None = None
    ramp: Ramp | None = None
    fixed: Fixed | None = None
    product: Product | None = None
    share: Shares | None = None
    bonus: Bonus | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Formula:
        if len(self._given) != 1:
            names = ", ".join(type(self).model_fields)
            one = text(f"una sola formula tra {names}", f"exactly one formula of {names}")
            refuse([Defect(", ".join(self._given) or "nothing", one)])
        return self

    @property
    def _given(self) -> list[str]:
        return [name for name in type(self).model_fields if getattr(self, name) is not None]

    @property
    def kind(self) -> str:
        """The name of the formula that is set."""
        return self._given[0]
