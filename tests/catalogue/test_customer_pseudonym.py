"""The short pseudonym of a customer: one definition, in Python and in SQL."""

from uuid import UUID, uuid4

import asyncpg

from app.catalogue.customer_pseudonym import SQL, customer_pseudonym


async def test_python_and_postgresql_agree(database_url: str) -> None:
    """The expression that queries sort by gives what documents print."""
    connection = await asyncpg.connect(database_url)
    for brand, buyer in ((uuid4(), "0" * 32), (UUID(int=0), "ffeeddccbbaa99887766554433221100"), (uuid4(), "wechat:A-1 ニット")):
        query = f"SELECT {SQL.format(brand='$1::uuid', buyer='$2::text')}"
        assert customer_pseudonym(brand, buyer) == await connection.fetchval(query, brand, buyer)
    await connection.close()


def test_brands_do_not_share_pseudonyms() -> None:
    """One buyer has another short pseudonym at each brand, and the same at one brand always."""
    brands, buyer = [uuid4() for _ in range(20)], "0" * 32
    assert 20 == len({customer_pseudonym(brand, buyer) for brand in brands})
    assert "44e63aa6d9cc" == customer_pseudonym(UUID("0192f1a0-b3c4-7d01-8000-5f5e1a2b3c4d"), buyer)
