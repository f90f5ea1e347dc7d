"""The results sheet as JSON, over HTTP."""

from typing import Any

import httpx

from tests.kpis.event_builders import NewSession, Read, Send, paid


async def _sheet_of_2021_09_25(client: httpx.AsyncClient, new_session: NewSession, send: Send) -> str:
    session = await new_session(
        host="KOL",
        lineup=[{"product": "knit", "name": "ニット"}, {"product": "pants", "name": "パンツ"}, {"product": "skirt"}],
        promotions=[{"url": "https://example.test/1", "kind": "video", "title": "一"}],
    )
    orders = [paid(60 + n, f"o{n}", f"b{n % 190}", ("knit" if n < 53 else "x", 1, "1327.00")) for n in range(362)]
    await send(
        "wechat:room",
        ("session.started", 0, {}),
        (
            "audience.sampled",
            8000,
            {
                "concurrent": 1280, "viewers_total": 18052, "comments_total": 938, "followers_total": 76,
                "average_watch_seconds": 634.2,
            },
        ),
        *orders,
        paid(900, "last", "b0", ("x", 1, "1514.00")),
        ("promotion.measured", 1, {"promotion": "https://example.test/1", "views_total": 121196, "engagements_total": 3396}),
        ("promotion.measured", 1, {"promotion": "https://example.test/2", "views_total": 45015, "engagements_total": 602}),
        ("session.ended", 8640, {}),
    )  # fmt: skip
    for section, kind, text in (
        ("live", "observation", "前半の視聴者数が多い。"),
        ("live", "summary", "コアファン92%"),
        ("ec", "observation", "在庫がたりない。"),
        ("promotion", "summary", "反応がよかった。"),
    ):
        answer = await client.post(f"/v1/sessions/{session}/notes", json={"section": section, "kind": kind, "text": text})
        assert 201 == answer.status_code, answer.text
    return session


def _texts(section: dict[str, Any]) -> list[tuple[str, str]]:
    return [(figure["label"], figure["text"]) for figure in section["figures"]]


async def test_the_sheet_prints_what_the_agency_printed(
    client: httpx.AsyncClient, new_session: NewSession, send: Send, read: Read
) -> None:
    """Every section, label and rounding of the sheet of 2021-09-25."""
    session = await _sheet_of_2021_09_25(client, new_session, send)
    document = await read(session, "report")
    sections = document["sections"]
    assert ["総データ", "ライブ内容分析", "EC実績", "宣伝動画分析", "各商品実績"] == [s["title"] for s in sections.values()]
    assert [("累計視聴人数", "18,052"), ("購入者数", "190"), ("購入件数", "363"), ("GMV", "481,888元")] == _texts(
        sections["totals"]
    )
    facts = {fact["key"]: (fact["label"], fact["text"]) for fact in sections["totals"]["facts"]}
    assert ("アカウント名", "KOL") == facts["account"]
    assert ("日程", "2021/9/25") == facts["date"]
    assert ("ライブ時間", "2.4H") == facts["duration"]
    assert ("スタート時間", "PM2時") == facts["starts_at"]
    assert [
        ("最大同時視聴者数", "1,280"), ("平均再生時間", "10.57分"), ("新規フォロワー", "76"), ("フォロワー率", "0.42%"),
        ("コメント数", "938"), ("エンゲージメント率", "5.20%"),
    ] == _texts(sections["live"])  # fmt: skip
    assert [
        ("コンバージョン率", "1.05%"), ("購買件数のコンバージョン率", "2.01%"), ("客単価", "2,536.25元"), ("平均購入件数", "1.91"),
        ("UV（UV単価）", "26.69元"),
    ] == _texts(sections["ec"])  # fmt: skip
    assert "ライブ商品の選択" == sections["live"]["factors"]["items"][0]
    assert {"title": "現場記録", "items": ["前半の視聴者数が多い。"]} == sections["live"]["observations"]
    assert {"title": "まとめ", "items": ["コアファン92%"]} == sections["live"]["summary"]
    assert ["在庫がたりない。"] == sections["ec"]["observations"]["items"]
    assert ["反応がよかった。"] == sections["promotion"]["summary"]["items"]
    promotion = sections["promotion"]
    assert [("121,196", "3,396"), ("45,015", "602")] == [
        (row["figures"]["views"]["text"], row["figures"]["engagements"]["text"]) for row in promotion["rows"]
    ]
    assert [None, "https://example.test/2"] == [promotion["rows"][0]["promotion"] and None, promotion["rows"][1]["url"]]
    assert ("総vv数", 166211) == (promotion["total_views"]["label"], promotion["total_views"]["value"])
    products = sections["products"]
    assert [("ニット", "53", "70,331元"), ("パンツ", "0", "0元"), ("skirt", "0", "0元")] == [
        (row["name"], row["figures"]["units"]["text"], row["figures"]["gmv"]["text"]) for row in products["rows"]
    ]
    assert ("ラインナップ以外の商品", "310", "411557.00") == (
        products["other"]["name"], products["other"]["figures"]["units"]["text"], products["other"]["figures"]["gmv"]["value"]
    )  # fmt: skip
    assert "481888.00" == products["total"]["figures"]["gmv"]["value"]
    assert ["watch_time_exceeds_peak"] == [warning["code"] for warning in document["warnings"]]


async def test_the_report_speaks_three_languages(
    client: httpx.AsyncClient, new_session: NewSession, send: Send, read: Read
) -> None:
    """The same figures under other labels."""
    session = await _sheet_of_2021_09_25(client, new_session, send)
    japanese, chinese, english = [await read(session, "report", lang=lang) for lang in ("ja", "zh", "en")]
    assert ["総データ", "总数据", "Totals"] == [d["sections"]["totals"]["title"] for d in (japanese, chinese, english)]
    assert ["10.57分", "10.57分钟", "10.57 min"] == [
        d["sections"]["live"]["figures"][1]["text"] for d in (japanese, chinese, english)
    ]
    assert ["PM2時", "下午2点", "2 PM"] == [
        next(f["text"] for f in d["sections"]["totals"]["facts"] if f["key"] == "starts_at") for d in (japanese, chinese, english)
    ]
    values = [
        [figure["value"] for name in ("totals", "live", "ec") for figure in d["sections"][name]["figures"]]
        for d in (japanese, chinese, english)
    ]
    assert values[0] == values[1] == values[2]


async def test_a_sheet_of_nothing_prints_dashes(new_session: NewSession, read: Read) -> None:
    """What nothing supplied is neither zero nor missing."""
    sections = (await read(await new_session(), "report"))["sections"]
    assert {"—"} == {figure["text"] for name in ("totals", "live", "ec") for figure in sections[name]["figures"]}
    assert ("—", None) == (sections["promotion"]["total_views"]["text"], sections["promotion"]["total_views"]["value"])
