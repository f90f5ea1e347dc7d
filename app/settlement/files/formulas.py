"""Excel formulas of a statement's amounts, where a reader would trace them.

In: exact operands and the amount. Out: a formula over cells, or None. Never here: a formula that gives another amount.

Excel computes in doubles. A formula is written if the rounded product of the doubles is the amount, else a number.
"""

from fractions import Fraction

from app.settlement.amounts.rounding import rounded
from app.settlement.contracts.terms import Rounding

_FUNCTIONS: dict[Rounding, str] = {"floor": "ROUNDDOWN", "half_up": "ROUND", "ceil": "ROUNDUP"}


def product(cells: tuple[str, str], operands: tuple[float, float], amount: int, rule: Rounding, sign: int = 1) -> str | None:
    """Return `=±ROUNDDOWN(a*b,0)`; None where the doubles give another amount.

    >>> product(("B2", "C2"), (481888.0, 17.09), 8235465, "floor")
    '=ROUNDDOWN(B2*C2,0)'
    >>> product(("B2", "C2"), (481888.0, 17.09), 8235466, "floor") is None
    True
    """
    if sign * rounded(Fraction(operands[0] * operands[1]), rule) != amount:
        return None
    return f"={'-' if sign < 0 else ''}{_FUNCTIONS[rule]}({cells[0]}*{cells[1]},0)"
