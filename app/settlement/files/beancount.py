"""A statement as plain text for accountants: one transaction of a beancount file.

In: a statement in one edition. Out: text. Never here: account charts of an accountant; the accounts are renamed there.

Source: beancount's language syntax (https://beancount.github.io/docs/beancount_language_syntax.html). The books are the agency's.
Postings are in yen; converted ones carry their own currency with the total price that the statement states, so that the file
balances to the yen. The plugin opens the accounts, so that files of several statements can stand in one ledger.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date

from app.settlement.amounts.earlier import signed_minor
from app.settlement.amounts.lines import StatementLine
from app.settlement.amounts.months import last_of
from app.settlement.statements.document import Settlement

# The program turns a total price into a price per unit of 28 digits, and back: what that loses is no difference of a yen.
_HEAD = 'option "inferred_tolerance_default" "JPY:0.001"\nplugin "beancount.plugins.auto_accounts"\n'
_ACCOUNTS = {
    "share": "Income:Settlement:Share",
    "fee": "Income:Settlement:Fees",
    "ad_cost": "Income:Settlement:Advertising",
    "adjustment": "Income:Settlement:Adjustments",
    "withholding": "Liabilities:Settlement:Withholding",
}
_GOODS = "Assets:Settlement:Platforms"
_TAX = "Liabilities:Settlement:Consumption-Tax"


def export(statement: Settlement) -> str:
    """Return the file. A draft's transaction is flagged with `!`."""
    day = statement.date or last_of(statement.month)
    mark = statement.number or f"draft {statement.month:%Y-%m}"
    brand = f"Liabilities:Settlement:Brands:{_component(statement.brand)}"
    flag = "*" if statement.number else "!"
    entries = [
        f"{day} {flag} {_text(statement.brand_name)} {_text(f'Statement {mark}')}\n",
        f"  statement: {_text(mark)}\n",
        *(posting for line in statement.lines for posting in _postings(line, statement.currency, brand)),
        *(_posting(_TAX, f"{-tax.amount} {statement.currency}", f"{tax.rate} of {tax.base}") for tax in statement.tax),
        _posting(brand, f"{-statement.totals.payable_to_brand} {statement.currency}", "payable to the brand"),
    ]
    return "".join([_HEAD, "\n", *entries, *_chain(statement, day, mark)])


def _postings(line: StatementLine, currency: str, brand: str) -> Iterator[str]:
    note = " ".join(part for part in (line.kind, line.corrects, line.title, line.name, line.reason, line.to) if part)
    source = line.source
    if line.stated == "goods" and source is not None:
        amount = f"{line.amount} {currency}"
        # A price has no sign: an amount and its yen that do not have the same one are stated in yen.
        minor = signed_minor(source.amount, source.currency)
        if source.rate is not None and minor * line.amount > 0:
            amount = f"{source.amount} {source.currency} @@ {abs(line.amount)} {currency}"
        yield _posting(_GOODS, amount, note)
    elif line.stated == "collected":
        # The brand has received the money of the buyers, not the agency.
        yield _posting(_GOODS, f"{line.amount} {currency}", note)
    elif line.kind == "carry_over":
        yield _posting(brand, f"{line.amount} {currency}", note)
    else:
        # A line in favour of the brand costs the agency as much.
        account = _ACCOUNTS[line.stated]
        if line.to is not None and line.to != "agency":
            account = f"Liabilities:Settlement:Parties:{_component(line.to)}"
        yield _posting(account, f"{line.amount} {currency}", note)


def _chain(statement: Settlement, day: date, mark: str) -> Iterable[str]:
    """Return what the parties inside the chain receive out of the share before them."""
    for share in statement.chain:
        payer = "Expenses:Settlement:Shares" if share.of == "agency" else f"Liabilities:Settlement:Parties:{_component(share.of)}"
        yield f"\n{day} {'*' if statement.number else '!'} {_text(share.to)} {_text(f'Share of statement {mark}')}\n"
        yield _posting(payer, f"{share.amount} {statement.currency}", f"{share.rate} of {share.base}")
        yield _posting(f"Liabilities:Settlement:Parties:{_component(share.to)}", f"{-share.amount} {statement.currency}", "")


def _posting(account: str, amount: str, note: str) -> str:
    comment = " ".join(note.split())
    return f"  {account}  {amount}" + (f"  ; {comment}" if comment else "") + "\n"


def _component(name: str) -> str:
    """Return a name as a component of an account: a capital or a digit first, then letters and digits of ASCII, and hyphens."""
    text = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-") or "X"
    return text[:1].upper() + text[1:]


def _text(text: str) -> str:
    escaped = " ".join(text.split()).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
