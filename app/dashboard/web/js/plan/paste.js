/**
 * Tables from a clipboard: what Excel, WPS, Numbers or a CSV file give.
 *
 * In: text. Out: rows of cells; which column is what. Never here: elements, requests.
 */

import { amount, noted } from "./fields.js";

/** Fields that a table can have, with the words of their headings, compared without spaces, case and width. */
const HEADINGS = {
  product: ["商品コード", "コード", "品番", "型番", "商品编码", "编码", "商品id", "货号", "款号", "code", "productcode", "sku", "itemcode", "product"],
  name: ["商品名", "名称", "品名", "商品名称", "商品", "name", "productname", "title", "item"],
  list_price: ["定価", "通常価格", "希望小売価格", "上代", "原价", "市场价", "吊牌价", "划线价", "listprice", "regularprice", "rrp", "price"],
  live_price: ["ライブ価格", "配信価格", "特価", "販売価格", "直播价", "活动价", "到手价", "售价", "liveprice", "saleprice", "specialprice"],
  stock: ["在庫", "在庫数", "数量", "库存", "库存数量", "备货", "stock", "quantity", "qty", "inventory"],
  talk_points: ["トークポイント", "セールスポイント", "説明", "備考", "卖点", "话术", "讲解要点", "备注", "talkpoints", "notes", "description"],
};

export const FIELDS = Object.keys(HEADINGS);
const plain = (text) => text.normalize("NFKC").toLowerCase().replace(/[\s_\-・()（）:：]/g, "");
const FIELD_OF = new Map(Object.entries(HEADINGS).flatMap(([field, words]) => words.map((word) => [plain(word), field])));

/** Split a text into rows of cells by a separator; a cell in quotes may hold the separator, line breaks and doubled quotes. */
function split(text, separator) {
  const rows = [];
  let [cells, cell, quoted] = [[], "", false];
  for (let index = 0; index < text.length; index += 1) {
    const sign = text[index];
    if (quoted) {
      if (sign !== '"') cell += sign;
      else if (text[index + 1] === '"') { cell += '"'; index += 1; }
      else quoted = false;
    } else if (sign === '"' && cell === "") quoted = true;
    else if (sign === separator) { cells.push(cell); cell = ""; }
    else if (sign === "\n") { rows.push([...cells, cell]); cells = []; cell = ""; }
    else if (sign !== "\r") cell += sign;
  }
  rows.push([...cells, cell]);
  return rows.map((row) => row.map((one) => one.trim())).filter((row) => row.some(Boolean));
}

/** Rows of a pasted text; tabs win, since a spreadsheet copies with them, then the separator that gives the most columns. */
export function parseTable(text) {
  const clean = text.replace(/^\ufeff/, "").replace(/\r\n?/g, "\n");
  const separators = clean.includes("\t") ? ["\t"] : [",", ";", "，"];
  const found = separators.map((separator) => split(clean, separator));
  return found.reduce((best, rows) => (Math.max(0, ...rows.map((row) => row.length)) > Math.max(0, ...best.map((row) => row.length)) ? rows : best));
}

/** True if a pasted text is a table and not the content of one field. */
export const isTable = (text) => /\t|\n./.test(text.replace(/\r/g, "").trimEnd());

/**
 * Guess which column is what: by the headings of the first row if it has any, else by what the cells hold.
 * Returns `{fields: [field | null], rows, headings}`; the rows without the heading.
 */
export function guessColumns(rows) {
  const width = Math.max(0, ...rows.map((row) => row.length));
  const named = Array.from({ length: width }, (_, column) => FIELD_OF.get(plain(rows[0]?.[column] ?? "")) ?? null);
  const seen = new Set();
  const fields = named.map((field) => (field && !seen.has(field) ? (seen.add(field), field) : null));
  if (fields.filter(Boolean).length >= 2 || (width === 1 && fields[0])) return { fields, rows: rows.slice(1), headings: rows[0] };
  return { fields: byContent(rows, width), rows, headings: null };
}

/** Codes come first, then the name; prices have a currency or decimals or come before the stock; what is left is talk points. */
function byContent(rows, width) {
  const fields = Array(width).fill(null);
  const numeric = Array.from({ length: width }, (_, column) => {
    const cells = rows.map((row) => row[column]).filter(Boolean);
    return cells.length > 0 && cells.every((cell) => amount(cell) !== null);
  });
  const texts = numeric.flatMap((is, column) => (is && column > 0 ? [] : [column]));
  const figures = numeric.flatMap((is, column) => (is && column > 0 ? [column] : []));
  for (const [field, column] of [["product", texts[0]], ["name", texts[1]], ["talk_points", texts[2]]]) if (column !== undefined) fields[column] = field;
  const meant = { 1: ["live_price"], 2: ["live_price", "stock"] }[figures.length] ?? ["list_price", "live_price", "stock"];
  for (const [index, column] of figures.entries()) fields[column] = meant[index] ?? null;
  return fields;
}

/** The products that a table names: a cell that is no number where one belongs stays as it is, and the server says so. */
export function productsOf(rows, fields) {
  return rows.map((row) => {
    const product = {};
    fields.forEach((field, column) => {
      const text = row[column] ?? "";
      if (field && text) product[field] = noted(field, text);
    });
    return product;
  }).filter((product) => product.product);
}
