"""Logos of brands: who sets and reads them, and where the client sees them."""

import io
import zipfile

import httpx

from tests.catalogue.conftest import KeyFor, NewSession
from tests.images import jpeg, png, segment

SVG = b"<svg xmlns='http://www.w3.org/2000/svg'/>"


async def test_a_logo_is_set_read_and_deleted(client: httpx.AsyncClient, new_session: NewSession) -> None:
    """By content, whatever the request calls it; without its metadata; the brand and the caller name its hash."""
    session = (await new_session())["id"]
    url = "/v1/brands/maison-k/logo"
    assert 404 == (await client.get(url)).status_code
    assert (await client.get("/v1/brands/maison-k")).json()["logo"] is None
    dirty = jpeg(extra=segment(0xE1, b"Exif GPS"))
    made = await client.put(url, content=dirty, headers={"Content-Type": "image/png"})
    assert (200, "image/jpeg", 8, 8) == (made.status_code, *(made.json()[name] for name in ("media_type", "width", "height")))
    for path in (url, f"/v1/sessions/{session}/logo"):
        image = await client.get(path)
        assert (200, "image/jpeg", jpeg()) == (image.status_code, image.headers["content-type"], image.content)
        assert "nosniff" == image.headers["x-content-type-options"]
        assert "sandbox" in image.headers["content-security-policy"]
        assert 304 == (await client.get(path, headers={"If-None-Match": image.headers["etag"]})).status_code
    assert made.json()["sha256"] == (await client.get("/v1/brands/maison-k")).json()["logo"]
    assert [made.json()["sha256"]] == [one["logo"] for one in (await client.get("/v1/brands")).json()["brands"]]
    refused = await client.put(url, content=SVG, headers={"Content-Type": "image/png"})
    assert (422, "image_svg") == (refused.status_code, refused.json()["errors"][0]["code"])
    assert 413 == (await client.put(url, content=png() + b"\0" * 600_000)).status_code
    assert jpeg() == (await client.get(url)).content
    assert 204 == (await client.delete(url)).status_code
    assert 404 == (await client.delete(url)).status_code
    assert 404 == (await client.get(f"/v1/sessions/{session}/logo")).status_code


async def test_no_one_of_another_brand_sees_or_sets_it(
    client: httpx.AsyncClient, key_for: KeyFor, new_session: NewSession
) -> None:
    """404 for keys of another brand on both addresses; a viewer of the brand reads it and does not set it."""
    session = (await new_session())["id"]
    await new_session(brand="other")
    url = "/v1/brands/maison-k/logo"
    assert 200 == (await client.put(url, content=png())).status_code
    for role in ("viewer", "operator"):
        theirs = await key_for(role, "other")
        assert 404 == (await client.get(url, headers=theirs)).status_code
        assert 404 == (await client.get(f"/v1/sessions/{session}/logo", headers=theirs)).status_code
        assert (await client.put(url, content=png(), headers=theirs)).status_code in {403, 404}
    own = await key_for("viewer", "maison-k")
    assert png() == (await client.get(f"/v1/sessions/{session}/logo", headers=own)).content
    assert 403 == (await client.put(url, content=png(), headers=own)).status_code
    assert 403 == (await client.delete(url, headers=own)).status_code
    assert png() == (await client.get(url)).content


async def test_the_client_edition_shows_it(client: httpx.AsyncClient, new_session: NewSession) -> None:
    """In the page and the workbook of the client edition, and in neither of the internal one."""
    session = (await new_session())["id"]
    await client.put("/v1/brands/maison-k/logo", content=png())
    for edition, shown in (("client", True), ("internal", False)):
        page = await client.get(f"/v1/sessions/{session}/report.html", params={"edition": edition})
        assert shown == ("data:image/png;base64," in page.text)
        assert "img-src data:" in page.headers["content-security-policy"]
        book = await client.get(f"/v1/sessions/{session}/report.xlsx", params={"edition": edition})
        with zipfile.ZipFile(io.BytesIO(book.content)) as archive:
            assert [png()] * shown == [archive.read(name) for name in archive.namelist() if name.startswith("xl/media/")]
