"""The headings under which back ends export what an import takes, in Japanese, Chinese and English.

In: nothing. Out: field → headings, by kind of import. Never here: a file.

Of a field, an earlier heading of the list is taken before a later one that the file has too. Headings are compared without case,
width, blanks, punctuation and what stands in brackets.
"""

from collections.abc import Mapping, Sequence

_ORDERS: Mapping[str, Sequence[str]] = {
    "order": (
        "主订单编号", "订单号", "订单编号", "订单id", "注文番号", "注文id", "受注番号", "オーダー番号", "商户订单号",
        "order number", "order no", "order id", "order",
    ),
    "product": (
        "商家编码", "商品编码", "商品id", "货号", "款号", "商品コード", "品番", "商品番号", "商品管理番号", "product code",
        "item code", "product id", "lineitem sku", "product",
    ),
    "quantity": (
        "商品数量", "购买数量", "宝贝总数量", "数量", "件数", "個数", "購入数", "注文数", "lineitem quantity", "quantity", "qty",
    ),
    "paid_at": (
        "支付时间", "付款时间", "买家付款时间", "订单支付时间", "订单付款时间", "支付完成时间", "支払日時", "支払日",
        "入金日時", "決済日時",
        "決済日", "購入日時", "交易时间", "paid at", "payment time", "paid time", "paid date",
    ),
    "line_amount": (
        "商品实付", "商品实付金额", "商品实际成交金额", "实付", "实付金额", "商品金额", "小计", "明細金額", "実付金額", "小計",
        "商品小計",
        "line amount",
        "line total",
    ),
    "unit_price": ("商品单价", "单价", "単価", "lineitem price", "unit price", "price"),
    "amount": (
        "订单实付金额", "订单实际支付金额", "买家实际支付金额", "用户实付金额", "实际支付金额", "订单金额", "订单总额",
        "应付金额", "总金额", "注文金額", "合計金額", "支払金額", "請求金額",
        "order amount", "order total", "total", "amount",
    ),
    "buyer": (
        "买家id", "用户id", "买家会员名", "买家", "买家昵称", "用户昵称", "购买者", "購入者id", "お客様id", "購入者",
        "お客様名", "buyer id",
        "customer id", "buyer", "customer", "openid", "email",
    ),
    "sku": ("规格编码", "sku编码", "skuid", "skuコード", "规格", "規格", "sku"),
    "refund": ("退款单号", "售后单号", "返金番号", "refund id", "refund"),
    "refunded_amount": (
        "已退款金额", "商品已退款金额", "退款金额", "返金額", "返金金額", "refunded amount", "refund amount", "refunded",
    ),
    "refunded_at": ("退款成功时间", "退款时间", "返金日時", "refunded at", "refund time", "last refund at"),
    "carrier": ("物流公司", "快递公司", "配送業者", "運送会社", "carrier"),
    "tracking": ("物流单号", "快递单号", "运单号", "追跡番号", "送り状番号", "伝票番号", "tracking number", "tracking"),
    "shipped_at": ("发货时间", "発送日時", "出荷日時", "発送日", "shipped at", "fulfilled at"),
    "placed_at": ("下单时间", "订单创建时间", "创建时间", "注文日時", "受注日時", "placed at", "created at", "order time"),
    "cancelled_at": ("取消时间", "订单取消时间", "キャンセル日時", "cancelled at", "canceled at"),
    "delivered_at": ("签收时间", "确认收货时间", "收货时间", "配達日時", "delivered at"),
    "updated_at": ("更新时间", "最后更新时间", "更新日時", "updated at"),
    "currency": (
        "支付币种", "付款币种", "订单币种", "交易币种", "币种", "货币", "货币类型", "幣別", "決済通貨", "注文通貨", "通貨",
        "通貨コード", "order currency", "payment currency", "currency", "currency code",
    ),
}  # fmt: skip
_AUDIENCE: Mapping[str, Sequence[str]] = {
    "time": ("统计时间", "时间", "日期时间", "日時", "時刻", "時間", "timestamp", "time", "datetime", "minute"),
    "concurrent": (
        "实时在线人数", "在线人数", "实时在线", "同时在线人数", "同時視聴者数", "同時接続数", "concurrent viewers", "concurrent",
    ),
    "viewers_total": ("累计观看人数", "观看人数", "累計視聴者数", "累計視聴人数", "視聴者数", "total viewers", "viewers"),
    "views_total": ("累计观看次数", "观看次数", "累計視聴回数", "視聴回数", "total views", "views"),
    "likes_total": ("点赞数", "点赞次数", "いいね数", "likes"),
    "comments_total": ("评论数", "评论次数", "コメント数", "comments"),
    "shares_total": ("分享数", "分享次数", "转发数", "シェア数", "shares"),
    "followers_total": ("新增关注", "新增粉丝", "新增关注人数", "新規フォロワー数", "new followers"),
    "average_watch_seconds": ("平均观看时长", "人均观看时长", "平均視聴時間", "average watch time", "average watch seconds"),
    "impressions_total": ("曝光次数", "曝光人数", "インプレッション数", "インプレッション", "impressions"),
}  # fmt: skip
_TRACKING: Mapping[str, Sequence[str]] = {
    "order": ("お客様管理番号", *_ORDERS["order"]),
    "tracking": ("伝票番号", *_ORDERS["tracking"]),
    "carrier": _ORDERS["carrier"],
    "shipped_at": ("出荷予定日", "出荷日", *_ORDERS["shipped_at"]),
    "accepted_at": ("荷受日時", "荷受日", "集荷日時", "揽收时间", "accepted at"),
}  # fmt: skip
_PRODUCTS: Mapping[str, Sequence[str]] = {
    "code": ("商家编码", "商品编码", "货号", "商品コード", "品番", "商品番号", "product code", "item code", "code"),
    "name_ja": ("商品名", "日本語名", "商品名称", "name ja", "japanese name"),
    "name_zh": ("中文品名", "中文名", "中国語名", "name zh", "chinese name"),
    "name_en": ("英文品名", "英文名", "英語名", "name en", "english name"),
    "aliases": ("別名", "别名", "微信商品id", "商品id", "aliases", "alias"),
    "customs_name_zh": ("申报品名", "中文申报品名", "中国語通関名", "customs name zh"),
    "customs_name_en": ("英文申报品名", "通関名", "customs name en", "customs name"),
    "material": ("素材", "材质", "成分", "material"),
    "hs_code": ("hsコード", "hs编码", "hs code", "税番"),
    "origin": ("原産国", "原产国", "产地", "country of origin", "origin"),
    "net_weight_g": ("正味重量", "净重", "net weight g", "net weight"),
}  # fmt: skip
_RATES: Mapping[str, Sequence[str]] = {
    "date": ("日付", "年月日", "日期", "date", "day"),
    "from": ("通貨", "原币", "from", "base", "currency"),
    "to": ("to", "quote"),
    "kind": ("種別", "类型", "kind", "type"),
    "rate": ("ttm", "仲値", "レート", "为替レート", "汇率", "中间价", "rate"),
    "source": ("出典", "来源", "source"),
}  # fmt: skip
NAMES: Mapping[str, Mapping[str, Sequence[str]]] = {
    "orders": _ORDERS, "audience": _AUDIENCE, "tracking": _TRACKING, "products": _PRODUCTS, "exchange_rates": _RATES,
}  # fmt: skip
"""By kind of import."""

ONLY_BESIDE: Mapping[tuple[str, str], tuple[str, str]] = {("orders", "name"): ("order", "lineitem")}
"""A heading that means a field only in the file of a back end, which a heading that begins otherwise proves: Shopify calls the
number of an order its name."""
