"""Data that waits, and connections: by role and accessible names."""

import httpx
from playwright.sync_api import expect

from tests.browser.barriers import serious
from tests.browser.broadcasts import create
from tests.browser.pages import PageMaker
from tests.pipeline.processes import HEADERS

RULE = '[{"type": "live.like.sent", "id": "n", "room": "room", "data": {"viewer": "user", "count": "%s"}}]'


def test_a_group_is_replayed_after_its_mapping_is_corrected(open_page: PageMaker, base: str) -> None:
    """A mapping is added, misreads its deliveries, is corrected with a preview, and its group is replayed; its room is registered."""
    with httpx.Client(base_url=base, headers=HEADERS) as client:
        session = create(client, title="変換のライブ", brand="waiting")
    page = open_page("#/connections")
    page.get_by_role("link", name="その他のWebhook（変換ルール）").click()
    form = page.get_by_role("form", name="その他のWebhook（変換ルール）")
    form.get_by_label("名称").fill("いいねツール")
    form.get_by_label("署名", exact=True).select_option("none")
    form.get_by_label("プラットフォーム", exact=True).fill("bilibili")
    form.get_by_label("変換ルール").fill(RULE % "count")
    form.get_by_role("button", name="追加").click()
    address = page.locator("code.address")
    expect(address).to_contain_text("/v1/webhooks/")
    url = address.inner_text()
    for number in range(3):
        body = {"n": number, "room": "77", "user": f"u{number}", "count": "many", "total": 2}
        assert httpx.post(url, json=body).status_code == 200
    expect(page.get_by_role("region", name="最近の受信").get_by_role("row", name="未処理データ")).to_have_count(3)

    page.goto(f"{base}/#/dead-letters")
    group = page.locator("li.dead-letter", has_text="いいねツール")
    expect(group).to_contain_text("3件")
    group.get_by_role("button", name="すべて再処理").click()
    expect(page.get_by_role("status").first).to_contain_text("3件は同じ理由で残っています")

    page.goto(f"{base}/#/connections")
    page.get_by_role("link", name="いいねツール").click()
    form.get_by_label("変換ルール").fill(RULE % "total")
    preview = page.get_by_role("form", name="変換ルールの確認")
    preview.get_by_label("サンプル（JSON）").fill('{"n": 0, "room": "77", "user": "u0", "count": "many", "total": 2}')
    preview.get_by_role("button", name="確認").click()
    outcome = page.locator(".preview-event")
    expect(outcome).to_contain_text("ルームが未登録")
    expect(outcome).to_contain_text("このルームはどのライブにも登録されていません")
    form.get_by_role("button", name="保存").click()
    expect(form.get_by_role("status")).to_contain_text("保存")
    assert [] == serious(page, "waiting")

    page.goto(f"{base}/#/dead-letters")
    group.get_by_role("button", name="すべて再処理").click()
    expect(page.get_by_role("status").first).to_contain_text("3件を処理しました。")
    expect(group).to_have_count(0)
    room = page.locator("li.dead-letter", has_text="77")
    expect(room).to_contain_text("3件のイベント")
    room.get_by_role("button", name="ルームを登録").click()
    register = room.get_by_role("form", name="ルームを登録")
    register.get_by_label("ライブ").select_option(session)
    assert [] == serious(page, "waiting")
    register.get_by_role("button", name="ルームを登録").click()
    expect(room).to_have_count(0)
    kpis = httpx.get(f"{base}/v1/sessions/{session}/kpis", headers=HEADERS).json()["kpis"]
    assert 6 == kpis["likes"]["value"]


def test_a_wechat_shop_is_added(open_page: PageMaker, base: str) -> None:
    """The form names what it needs in the reader's language, keeps secrets that are left empty, and the address can be rotated."""
    httpx.post(f"{base}/v1/brands", headers=HEADERS, json={"slug": "shop-brand", "name": "小店のブランド"}).raise_for_status()
    page = open_page("#/connection/new/wechat_shop")
    form = page.get_by_role("form", name="WeChat小店（注文）")
    form.get_by_label("名称").fill("Maison K 小店")
    form.get_by_label("ブランド").select_option(label="小店のブランド")
    form.get_by_label("Token", exact=True).fill("a-token-of-our-own")
    form.get_by_label("EncodingAESKey").fill("too short")
    form.get_by_role("button", name="追加").click()
    wrong = form.get_by_label("EncodingAESKey")
    expect(wrong).to_have_attribute("aria-invalid", "true")
    # The browser itself logs a refused request.
    open_page.troubles.clear()  # type: ignore[attr-defined]
    wrong.fill("kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aQ")
    form.get_by_label("AppID").fill("wx1234567890abcdef")
    form.get_by_role("button", name="追加").click()
    address = page.locator("code.address")
    expect(address).to_contain_text("/v1/webhooks/")
    before = address.inner_text()
    form.get_by_label("暗号化を必須にする").check()
    form.get_by_role("button", name="保存").click()
    expect(form.get_by_role("status")).to_contain_text("保存")
    page.get_by_role("button", name="URLを作り直す").click()
    page.get_by_role("dialog").get_by_role("button", name="URLを作り直す").click()
    expect(address).not_to_have_text(before)
    made = httpx.get(f"{base}/v1/connections/{page.url.rpartition('/')[2]}", headers=HEADERS).json()
    assert ("wechat_shop", "shop-brand", {"require_encryption": True}) == (made["kind"], made["brand"], made["options"])
    assert {"token", "encoding_aes_key", "appid"} == set(made["secrets_set"])
    page.get_by_role("link", name="連携", exact=True).first.click()
    expect(page.get_by_role("row", name="Maison K 小店")).to_contain_text("受信なし")
    assert [] == serious(page, "waiting")


def test_the_agency_confirms_a_room_that_a_brand_registered(open_page: PageMaker, base: str) -> None:
    """Until then events of unbound senders wait; then they are the session's."""
    with httpx.Client(base_url=base, headers=HEADERS) as client:
        session = create(client, title="確認のライブ", brand="claiming")
        key = client.post("/v1/keys", json={"role": "operator", "brand": "claiming"}).raise_for_status().json()["key"]
        bound = {"Authorization": f"Bearer {key}"}
        room = {"platform": "weibo", "room": "claimed-1"}
        client.post(f"/v1/sessions/{session}/streams", json=room, headers=bound).raise_for_status()
        like = {
            "specversion": "1.0",
            "id": "1",
            "source": "/t",
            "type": "live.like.sent",
            "subject": "weibo:claimed-1",
            "data": {},
        }
        assert 1 == client.post("/v1/events", json=like).raise_for_status().json()["parked"]
        page = open_page("#/dead-letters")
        claim = page.locator("li.dead-letter", has_text="確認のライブ")
        expect(claim).to_contain_text("1件のイベント")
        claim.get_by_role("button", name="登録を確認").click()
        page.get_by_role("dialog").get_by_role("button", name="登録を確認").click()
        expect(claim).to_have_count(0)
        assert 1 == client.get(f"/v1/sessions/{session}/kpis").json()["kpis"]["likes"]["value"]
