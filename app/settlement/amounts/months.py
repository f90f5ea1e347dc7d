"""Months as dates: a month is its first day.

In: dates. Out: dates. Never here: time zones.
"""

from calendar import monthrange
from datetime import date, timedelta


def last_of(month: date) -> date:
    """Return the last day of the month of a day.

    >>> last_of(date(2024, 2, 1))
    datetime.date(2024, 2, 29)
    """
    return month.replace(day=monthrange(month.year, month.month)[1])


def next_month(month: date) -> date:
    """Return the first day of the next month.

    >>> next_month(date(2021, 12, 1))
    datetime.date(2022, 1, 1)
    """
    return last_of(month) + timedelta(days=1)


def months_between(first: date, second: date) -> int:
    """Return how many months the second month is after the first.

    >>> months_between(date(2021, 9, 25), date(2022, 1, 1))
    4
    """
    return (second.year - first.year) * 12 + second.month - first.month
