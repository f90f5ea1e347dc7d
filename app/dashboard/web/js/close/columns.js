/**
 * Columns of an export: which heading is which field of an import.
 *
 * In: the bytes of a CSV file. Out: its headings, and a guess for each field. Never here: requests; the server reads the file itself.
 */

/** Fields by kind of import, in the order in which they are asked for; the first ones are needed. */
export const FIELDS = {
  orders: {
    needed: ["order", "product", "quantity", "paid_at"],
    more: ["line_amount", "unit_price", "amount", "buyer", "sku", "refunded_amount", "refunded_at", "refund", "carrier", "tracking", "shipped_at", "placed_at", "cancelled_at", "delivered_at", "updated_at"],
  },
  audience: {
    needed: ["time"],
    more: ["concurrent", "viewers_total", "views_total", "likes_total", "comments_total", "shares_total", "followers_total", "average_watch_seconds", "impressions_total"],
  },
};

/** Words of headings, compared without spaces, signs and width. Of a field the first word that stands in the file is taken. */
const HEADINGS = {
  order: ["订单号", "订单编号", "订单id", "主订单编号", "注文番号", "注文id", "受注番号", "order", "orderid", "ordernumber", "orderno", "name"],
  product: ["商品编码", "商家编码", "商品id", "货号", "款号", "商品コード", "品番", "商品番号", "productcode", "product", "productid", "itemcode", "lineitemsku"],
  quantity: ["数量", "商品数量", "购买数量", "件数", "個数", "購入数", "quantity", "qty", "lineitemquantity"],
  paid_at: ["支付时间", "付款时间", "订单支付时间", "支付完成时间", "支払日時", "入金日時", "決済日時", "購入日時", "paidat", "paymenttime", "paidtime"],
  line_amount: ["实付", "实付金额", "商品实付", "商品金额", "小计", "実付金額", "小計", "商品小計", "lineamount", "linetotal", "subtotal"],
  unit_price: ["单价", "商品单价", "単価", "unitprice", "price", "lineitemprice"],
  amount: ["订单金额", "订单实付金额", "应付金额", "总金额", "注文金額", "合計金額", "支払金額", "amount", "ordertotal", "total"],
  buyer: ["买家", "买家id", "用户id", "买家昵称", "购买者", "購入者", "購入者id", "お客様id", "buyer", "buyerid", "customer", "customerid", "openid"],
  sku: ["规格", "规格编码", "skuid", "skuコード", "sku"],
  refund: ["退款单号", "售后单号", "返金番号", "refund", "refundid"],
  refunded_amount: ["退款金额", "已退款金额", "返金額", "返金金額", "refundedamount", "refundamount"],
  refunded_at: ["退款时间", "退款成功时间", "返金日時", "refundedat", "refundtime"],
  carrier: ["物流公司", "快递公司", "配送業者", "運送会社", "carrier"],
  tracking: ["物流单号", "快递单号", "运单号", "追跡番号", "送り状番号", "伝票番号", "tracking", "trackingnumber"],
  shipped_at: ["发货时间", "発送日時", "出荷日時", "shippedat", "fulfilledat"],
  placed_at: ["下单时间", "订单创建时间", "创建时间", "注文日時", "placedat", "createdat", "ordertime"],
  cancelled_at: ["取消时间", "キャンセル日時", "cancelledat"],
  delivered_at: ["签收时间", "收货时间", "确认收货时间", "配達日時", "deliveredat"],
  updated_at: ["更新时间", "最后更新时间", "更新日時", "updatedat"],
  time: ["时间", "统计时间", "日時", "時刻", "時間", "time", "timestamp", "minute"],
  concurrent: ["在线人数", "实时在线", "同时在线人数", "同時視聴者数", "同時接続数", "concurrent", "concurrentviewers"],
  viewers_total: ["观看人数", "累计观看人数", "累計視聴人数", "視聴者数", "viewers", "viewerstotal"],
  views_total: ["观看次数", "累计观看次数", "視聴回数", "views", "viewstotal"],
  likes_total: ["点赞数", "点赞次数", "いいね数", "likes", "likestotal"],
  comments_total: ["评论数", "评论次数", "コメント数", "comments", "commentstotal"],
  shares_total: ["分享数", "分享次数", "シェア数", "shares", "sharestotal"],
  followers_total: ["新增关注", "新增粉丝", "粉丝数", "フォロワー数", "followers", "followerstotal"],
  average_watch_seconds: ["平均观看时长", "人均观看时长", "平均視聴時間", "averagewatchseconds"],
  impressions_total: ["曝光次数", "曝光人数", "インプレッション", "impressions", "impressionstotal"],
};
const ENCODINGS = ["utf-8", "gb18030", "shift_jis", "big5", "utf-16le"];
const SEPARATORS = [",", "\t", ";", "|"];
const HEAD_BYTES = 64 * 1024;
const HEAD_ROWS = 50;

const plain = (text) => text.normalize("NFKC").toLowerCase().replace(/^\ufeff/, "").replace(/[\s_\-・:：#/]|[(（][^)）]*[)）]/g, "");
const FIELD_OF = new Map(Object.entries(HEADINGS).flatMap(([field, words]) => words.map((word, rank) => [plain(word), { field, rank }])));

function cellsOf(line, separator) {
  const cells = [];
  let [cell, quoted] = ["", false];
  for (const sign of line) {
    if (sign === '"') quoted = !quoted;
    else if (sign === separator && !quoted) { cells.push(cell.trim()); cell = ""; }
    else cell += sign;
  }
  return [...cells, cell.trim()];
}

/**
 * Find the headings of a CSV file: encoding, separator and row under which the most of them are known.
 * Returns `{headings, encoding, separator}`, or null if the bytes are no text, such as a workbook's.
 */
export function headingsOf(bytes) {
  const head = bytes.subarray(0, HEAD_BYTES);
  if (head[0] === 0x50 && head[1] === 0x4b) return null;
  if (head[0] === 0xd0 && head[1] === 0xcf) return null;
  if (head[0] === 0x1f && head[1] === 0x8b) return null;
  let best = null;
  for (const encoding of ENCODINGS) {
    let text;
    try {
      text = new TextDecoder(encoding, { fatal: true }).decode(head, { stream: true });
    } catch {
      continue;
    }
    for (const separator of SEPARATORS) {
      for (const line of text.split(/\r\n?|\n/, HEAD_ROWS)) {
        const headings = cellsOf(line, separator);
        const known = headings.filter((heading) => FIELD_OF.has(plain(heading))).length;
        // Without a heading that is known, the widest row of a text that can be read.
        const score = known * 1000 + (known ? 0 : Math.min(headings.length, 100));
        if (!best || score > best.score) best = { score, headings, encoding, separator, known };
      }
    }
  }
  return best && best.headings.length > 1 ? best : null;
}

/** Guess the heading of each field of a kind. */
export function guess(kind, headings) {
  const fields = new Set([...FIELDS[kind].needed, ...FIELDS[kind].more]);
  const found = {};
  for (const heading of headings) {
    const meant = FIELD_OF.get(plain(heading));
    if (!meant || !fields.has(meant.field)) continue;
    if (!found[meant.field] || found[meant.field].rank > meant.rank) found[meant.field] = { heading, rank: meant.rank };
  }
  return Object.fromEntries(Object.entries(found).map(([field, { heading }]) => [field, heading]));
}
