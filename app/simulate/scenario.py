"""The scenario: the totals that a simulated session must hit.

In: JSON in the shape of a results sheet (`scenarios/2021-09-25.json`). Out: a checked, frozen `Scenario`.
Never here: randomness, clocks. What a sheet derives (rates, averages per head) is an outcome and is not read.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import model_validator

from app.simulate.codes import coded
from app.simulate.figures import Figures, ProductTotals
from app.simulate.platform_split import filled
from app.simulate.validation import check


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
        """Return a total, with the default where the scenario gives none."""
        return filled(self, name)

    def clicks(self, product: ProductTotals) -> int:
        """Return the clicks of a product; forty per buyer where the scenario is silent."""
        return product.buyers * 40 if product.clicks is None else product.clicks

    def stock(self, product: ProductTotals) -> int:
        """Return the stock at the start.

        Where no product states its stock, the most clicked has just what it sells; the others have a third more.
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
        """Return the scenario as JSON values, in the shape it is read in."""
        return self.model_dump(mode="json", exclude_none=True)
