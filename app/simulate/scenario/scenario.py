"""Scenario: the totals that a simulated session reproduces.

In: JSON in the shape of a results sheet (`scenarios/2021-09-25.json`). Out: a checked, frozen `Scenario`.
Never here: randomness, clocks. Derived figures of a sheet (rates, averages) are results and are not read.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import model_validator

from app.simulate.scenario.codes import coded
from app.simulate.scenario.figures import Figures, ProductTotals
from app.simulate.scenario.platform_split import filled
from app.simulate.scenario.validation import check


class Scenario(Figures):
    """Totals of one session that do not contradict each other."""

    @model_validator(mode="before")
    @classmethod
    def _with_codes(cls, document: object) -> object:
        return coded(document) if isinstance(document, Mapping) else document

    @model_validator(mode="after")
    def _without_contradictions(self) -> "Scenario":
        check(self)
        return self

    def filled(self, name: str) -> int:
        """Return a total, or its default."""
        return filled(self, name)

    def clicks(self, product: ProductTotals) -> int:
        """Return the clicks of a product; default forty per buyer."""
        return product.buyers * 40 if product.clicks is None else product.clicks

    def stock(self, product: ProductTotals) -> int:
        """Return the stock at the start.

        If no product states its stock, the product with the most clicks sells out, and the others have a third more.
        """
        if product.stock is not None:
            return product.stock
        selling = [other for other in self.products if other.units]
        if all(other.stock is None for other in self.products) and selling:
            wanted = max(selling, key=self.clicks)
            if product is wanted:
                return product.units
        return product.units + product.units // 3 + 5

    def document(self) -> dict[str, Any]:
        """Return the scenario as JSON values, in the shape in which it is read."""
        return self.model_dump(mode="json", exclude_none=True)
