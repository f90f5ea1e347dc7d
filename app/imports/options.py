"""Options of an import: what the file holds, and what of its notation is given instead of found out.

In: options as a sender gave them. Out: models. Never here: the file.
"""

from collections.abc import Collection, Mapping
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from app.events.fields import EARLIEST, LATEST, Currency, LongText
from app.events.registry import PAYLOADS
from app.imports.cell_kinds import ORDER_CELLS, CellKind, event_cells
from app.imports.order_export import RefundLevel
from app.imports.table_heading import HEADING_ROWS

_ORDER_NEEDS = ("order", "product", "quantity", "paid_at")
_AMOUNTS = ("amount", "line_amount", "unit_price")


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # an unknown zone is a KeyError
        raise PydanticCustomError("time_zone", "is no time zone of the tz database") from None
    return name


Heading = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class TableOptions(BaseModel):
    """How to read a table; everything from `encoding` on is found out if absent."""

    model_config = ConfigDict(extra="forbid", strict=True)

    source: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)] | None = None
    """The back end that made the file: what is chosen for an import is remembered under it."""
    columns: Annotated[dict[str, Heading | None], Field(max_length=50)] = {}
    """Field → the column's heading; `heading#2` is the second column of that heading; None: no column has it."""
    guess: bool | None = None
    """Whether the columns of fields that `columns` does not name are guessed; absent: only if it names none."""
    constants: Mapping[Any, str] = {}
    """Field → its value in every row."""
    timezone: Annotated[str, AfterValidator(_zone)] = "Asia/Shanghai"
    """Of times without an offset."""
    encoding: (
        Literal["utf-8", "utf-16", "gb18030", "shift_jis", "big5", "euc-jp", "euc-kr", "windows-1252", "iso-8859-15"] | None
    ) = None
    separator: Annotated[str, StringConstraints(min_length=1, max_length=1, pattern=r'^[^"\r\n]$')] | None = None
    sheet: Annotated[str, StringConstraints(min_length=1, max_length=255)] | None = None
    """Of a spreadsheet."""
    heading_row: Annotated[int, Field(ge=1, le=HEADING_ROWS)] | None = None
    decimal: Literal[".", ","] | None = None
    """The decimal mark of amounts and counts."""
    date_order: Literal["dmy", "mdy"] | None = None
    """The order of day and month in dates that do not begin with the year."""

    @property
    def chosen(self) -> dict[str, str]:
        """The columns that are chosen."""
        return {name: heading for name, heading in self.columns.items() if heading is not None}

    @property
    def guesses(self) -> bool:
        """Whether columns are guessed."""
        return not self.columns if self.guess is None else self.guess

    def refuse_columns(self, kind: str, known: Collection[str]) -> None:
        """Refuse a column of a field that this kind of file does not have, or that a constant gives already."""
        for name in self.columns:
            if name not in known:
                raise PydanticCustomError("column", "columns: {name} is no field of {kind}", {"name": name, "kind": kind})
            if name in self.constants:
                raise PydanticCustomError("column", "constants: {name} is a column already", {"name": name})


class ImportOptions(TableOptions):
    """What a file of orders or of the audience holds.

    Fields of `orders`: see `ORDER_CELLS`; of `audience`: `time` and the fields of the event's data.
    """

    kind: Literal["orders", "audience"]
    subject: LongText
    """The session's id, or platform:room."""
    type: str = "live.audience.sampled"
    """The event that a row of `audience` is."""
    currency: Currency = "CNY"
    exported_at: Annotated[AwareDatetime, Field(strict=False, ge=EARLIEST, lt=LATEST)] | None = None
    """When the export was made: of two exports that state an order differently, the newer one counts."""
    refunds_per: RefundLevel | None = None
    """Whether a refund column states each line's refund or repeats the order's; read from the rows if absent."""

    @property
    def fields(self) -> Mapping[str, CellKind]:
        """The fields that columns may hold, with the kinds of their cells."""
        return ORDER_CELLS if self.kind == "orders" else event_cells(self.type)

    @model_validator(mode="after")
    def _knows_its_columns(self) -> "ImportOptions":
        if self.constants:
            raise PydanticCustomError("column", "constants: {kind} has none", {"kind": self.kind})
        if self.type not in PAYLOADS:
            raise PydanticCustomError("event_type", "type: is no event type of ours")
        self.refuse_columns(self.kind, self.fields)
        needs = [name for name in (_ORDER_NEEDS if self.kind == "orders" else ("time",)) if name not in self.chosen]
        if self.kind == "orders" and not self.chosen.keys() & _AMOUNTS:
            needs.append("amount, line_amount or unit_price")
        if needs and not self.guesses:
            raise PydanticCustomError("column", "columns: needs {names}", {"names": ", ".join(needs)})
        return self


_TRACKING_FIELDS = ("order", "tracking", "carrier", "shipped_at", "accepted_at")


class TrackingOptions(TableOptions):
    """What a carrier's file with tracking numbers holds."""

    kind: Literal["tracking"]
    subject: LongText
    """The session's id."""
    timezone: Annotated[str, AfterValidator(_zone)] = "Asia/Tokyo"
    """The warehouse is in Japan."""
    constants: Annotated[dict[Literal["carrier"], Heading], Field(max_length=1)] = {}
    """Field → its value in every row."""

    @model_validator(mode="after")
    def _knows_its_columns(self) -> "TrackingOptions":
        self.refuse_columns(self.kind, _TRACKING_FIELDS)
        needs = [name for name in ("order", "tracking") if name not in self.chosen]
        if needs and not self.guesses:
            raise PydanticCustomError("column", "columns: needs {names}", {"names": ", ".join(needs)})
        return self


PRODUCT_FIELDS = (
    "code", "name_ja", "name_zh", "name_en", "aliases",
    "customs_name_zh", "customs_name_en", "material", "hs_code", "origin", "net_weight_g",
)  # fmt: skip


class ProductOptions(TableOptions):
    """What a file of products holds."""

    kind: Literal["products"]
    brand: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None
    """Whose products they are; absent: the caller's brand."""
    constants: Annotated[dict[Literal["material", "hs_code", "origin"], Heading], Field(max_length=3)] = {}
    """Field → its value in every row."""

    @model_validator(mode="after")
    def _knows_its_columns(self) -> "ProductOptions":
        self.refuse_columns(self.kind, PRODUCT_FIELDS)
        if "code" not in self.chosen and not self.guesses:
            raise PydanticCustomError("column", "columns: needs {names}", {"names": "code"})
        return self


RATE_FIELDS = ("date", "from", "to", "kind", "rate", "source")


class RateOptions(TableOptions):
    """What a file of exchange rates holds."""

    kind: Literal["exchange_rates"]
    constants: Annotated[dict[Literal["from", "to", "kind", "source"], Heading], Field(max_length=4)] = {}
    """Field → its value in every row, for what no column says."""

    @model_validator(mode="after")
    def _knows_its_columns(self) -> "RateOptions":
        self.refuse_columns(self.kind, RATE_FIELDS)
        needs = [name for name in RATE_FIELDS if name not in self.chosen and name not in self.constants]
        if needs and not self.guesses:
            raise PydanticCustomError("column", "columns or constants: needs {names}", {"names": ", ".join(needs)})
        return self
