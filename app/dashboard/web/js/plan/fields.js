/**
 * Fields of a product of the line-up: what each of them holds, and its notation in a request.
 *
 * In: a row as it was typed, pasted or read. Out: the product as a save sends it. Never here: elements, requests.
 */

/** Every field of a product, by what it holds: a field that is missing here is lost with a save. */
export const ITEM = {
  product: "text", name: "text", list_price: "money", live_price: "money", stock: "count", talk_points: "text", preorder: "flag", promised_days: "count",
};

/** An amount or a count as a plain decimal, or null: `￥1,099.00` is `1099.00`. */
export function amount(text) {
  const bare = text.normalize("NFKC").replace(/[\s¥$€£元円]|CNY|JPY|USD|RMB/gi, "").replace(/,(?=\d{3}(\D|$))/g, "");
  return /^\d{1,13}(\.\d{1,6})?$/.test(bare) ? bare : null;
}

const text = (value) => (typeof value === "string" ? value.trim() || null : value);
const money = (value) => (typeof value === "string" ? amount(value) ?? text(value) : value);
const count = (value) => (/^\d+$/.test(money(value) ?? "") ? Number(money(value)) : text(value));
const NOTATION = { text, money, count, flag: (value) => value };

/** A value as a field sends it: a number as people type it, `1,999` or `１９９９`, is one; a text that is none stays, and the server names it. */
export const noted = (field, value) => NOTATION[ITEM[field] ?? "text"](value);

/** The members of an object that are named and known, as a request sends them. */
export const sent = (one, names) => Object.fromEntries(names.filter((name) => one[name] !== undefined).map((name) => [name, noted(name, one[name])]));
