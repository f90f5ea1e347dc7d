"""The short pseudonym of a customer, the same on every document of a brand.

In: a brand's id and the pseudonym of a buyer as the orders table holds it. Out: 12 hex digits. Never here: raw ids, I/O.

A buyer's stored pseudonym has 32 digits, too many for a label, and is the same for all brands. The short one differs per brand,
so that two brands cannot compare their customers. 48 bits are enough: of 100,000 customers of a brand two share one with a
probability of 1 in 50,000.
"""

from hashlib import sha256
from uuid import UUID

SQL = "substr(encode(sha256(uuid_send({brand}) || convert_to({buyer}, 'UTF8')), 'hex'), 1, 12)"
"""The same in PostgreSQL, which sorts and searches by it. Queries of `app/storage` repeat it; a test compares the two."""


def customer_pseudonym(brand: UUID, buyer: str) -> str:
    """Return a customer's short pseudonym."""
    return sha256(brand.bytes + buyer.encode()).hexdigest()[:12]
