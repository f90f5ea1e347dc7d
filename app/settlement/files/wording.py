"""The words of a statement's files: titles, descriptions of lines, rates, notes.

In: a statement, a language. Out: texts. Never here: layout, figures of its own.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from app.labels.catalogue import Language, label, label_or
from app.labels.notation import grouped, money_text
from app.settlement.amounts.lines import MissingInput, StatementLine
from app.settlement.amounts.months import last_of
from app.settlement.statements.document import Settlement

REDUCED = Fraction(8, 100)
"""Japan's reduced tax rate; its lines carry a mark (消費税法57条の4)."""
MARK = " ※"


class Words:
    """The texts of one statement in one language."""

    def __init__(self, statement: Settlement, language: Language, *, internal: bool) -> None:
        """Take a statement in the edition that is written."""
        self.statement = statement
        self.language = language
        self.internal = internal

    def word(self, key: str, **gaps: object) -> str:
        """Return a label of settlements."""
        return label(f"settlement.{key}", self.language).format(**gaps)

    def title(self) -> str:
        """Return what the document is: a qualified invoice if it is issued, and its issuer has a registration number."""
        found = self.statement
        return self.word("title.invoice" if found.number and found.registration_number and found.issuer else "title")

    def file_name(self) -> str:
        """Return a file's name without its extension: what it is, the number or the month, the brand."""
        found = self.statement
        mark = found.number or f"{found.month:%Y-%m}_{self.word('draft')}"
        text = f"{self.word('file')}_{mark}_{found.brand}"
        return f"{text}_{self.word('edition.internal')}" if self.internal else text

    def day(self, day: date) -> str:
        """Return a day in the notation of the language."""
        if self.language == "en":
            return day.isoformat()
        return f"{day.year}年{day.month}月{day.day}日"

    def month(self, month: date) -> str:
        """Return a month in the notation of the language."""
        return f"{month:%Y-%m}" if self.language == "en" else f"{month.year}年{month.month}月"

    def period(self) -> str:
        """Return the first and the last day."""
        month = self.statement.month
        return self.word("between", first=self.day(month), last=self.day(last_of(month)))

    def facts(self) -> list[tuple[str, str]]:
        """Return number, day of issue, period, issuer and registration number: those that there are."""
        found = self.statement
        facts = [
            ("number", found.number or self.word("draft")),
            ("date", None if found.date is None else self.day(found.date)),
            ("period", self.period()),
            ("issuer", found.issuer),
            ("registration_number", found.registration_number),
        ]
        return [(self.word(name), text) for name, text in facts if text]

    def money(self, yen: int) -> str:
        """Return an amount of the statement."""
        return money_text(str(yen), self.statement.currency, self.language)

    def payable(self) -> tuple[str, str]:
        """Return the label and the magnitude of what is payable: to the brand, or by it."""
        amount = self.statement.totals.payable_to_brand
        return self.word("payable" if amount >= 0 else "owed"), self.money(abs(amount))

    def kind(self, line: StatementLine) -> str:
        """Return the kind of a line."""
        return self.word(f"kind.{line.kind}")

    def party(self, name: str) -> str:
        """Return a party's name; the agency's own is a word of the language."""
        return label_or(f"settlement.party.{name}", name, self.language)

    def description(self, line: StatementLine) -> str:
        """Return what a line is for, with the reduced-rate mark where it applies."""
        if line.session is not None:
            assert line.held_on is not None
            text = self.word("line.session", title=line.title, day=self.day(line.held_on))
            if line.stated == "share":
                assert line.to is not None
                text = f"{self.word('line.share', to=self.party(line.to))} {text}"
            if line.stated == "collected":
                text = self.word("line.collected", text=text)
        else:
            text = " ".join(part for part in (line.name, line.reason) if part) or self.kind(line)
            if line.due is not None:
                text = self.word("line.due", text=text, month=self.month(line.due))
        if line.kind == "carry_over":
            return self.word("line.carried", number=line.corrects)
        if line.corrects is not None:
            text = self.word("line.corrects", text=text, number=line.corrects)
        return text + MARK if is_reduced(line.tax_rate) else text

    def basis(self, line: StatementLine) -> str:
        """Return what the rate of a line is applied to."""
        if line.source is not None:
            return money_text(line.source.amount, line.source.currency, self.language)
        return "" if line.base is None else self.money(line.base)

    def rate(self, line: StatementLine) -> str:
        """Return the rate of a line: an exchange rate with its day and kind, or a share."""
        source = line.source
        if source is not None and source.rate is not None and source.rate_date is not None:
            return self.word("line.rate", rate=source.rate, day=source.rate_date.isoformat(), kind=source.rate_kind)
        return "" if line.rate is None else percent(line.rate)

    def tax_rate(self, line: StatementLine) -> str:
        """Return the tax rate of a line."""
        return self.word("untaxed") if line.tax_rate is None else percent(line.tax_rate)

    def notes(self) -> list[str]:
        """Return what a reader must know of the figures."""
        found = self.statement
        notes = [self.word("sign")]
        if any(line.source is not None for line in found.lines):
            notes.append(self.word("note.goods"))
        if found.tax:
            notes.append(self.word(f"note.rounding.{found.tax_rounding}"))
        if any(is_reduced(tax.rate) for tax in found.tax):
            notes.append(self.word("note.reduced"))
        return notes

    def missing(self, found: MissingInput) -> str:
        """Return what is missing."""
        pair = f"{found.currency}/{found.to}"
        return self.word(
            f"missing.{found.what}", day=self.day(found.date), title=found.title, pair=pair, kind=found.rate_kind
        )  # fmt: skip


class FileContent(NamedTuple):
    """A statement to write as a file; it is sent to a render process."""

    statement: Settlement
    language: Language
    internal: bool

    def words(self) -> Words:
        """Return its texts."""
        return Words(self.statement, self.language, internal=self.internal)


def is_reduced(rate: str | None) -> bool:
    """Return whether a tax rate is the reduced one."""
    return rate is not None and Fraction(rate) == REDUCED


def percent(rate: str) -> str:
    """Return a rate as a percentage, exactly; a fraction that has no short decimal stays a fraction.

    >>> percent("0.30"), percent("0.1021"), percent("2/3")
    ('30%', '10.21%', '2/3')
    """
    if "/" in rate:
        return rate
    text = format(Decimal(rate) * 100, "f")
    return f"{grouped(text.rstrip('0').rstrip('.') if '.' in text else text)}%"


def fees_text(fees: Sequence[tuple[str, str]], currency: str, language: Language) -> str:
    """Return fees of a platform in one text."""
    return label("insight.separator", language).join(f"{kind} {money_text(amount, currency, language)}" for kind, amount in fees)
