/**
 * What a session's desk shows: the server's documents, and on top what this device has done and the documents do not have yet.
 *
 * In: the products document, the line-up, actions. Out: rows, who is on air, what was done. Never here: requests, elements.
 */

import { language } from "../page/i18n.js";

/**
 * Apply actions to the rows of a line-up: `{product, name, price, stock, known, onAir, shown}` in the line-up's order. Until the server's
 * document is there, the rows are the plan's: their stock is not known.
 */
export function rowsOf(document, lineup, unseen) {
  const rows = (document?.products ?? lineup).map((row) => ({
    product: row.product,
    name: row.name ?? row.names?.[language()] ?? row.product,
    price: row.live_price,
    stock: document ? row.stock : null,
    known: Boolean(document),
    estimated: row.stock_estimated,
    onAir: row.on_air ?? false,
    shown: row.showcases?.count > 0,
  }));
  const of = new Map(rows.map((row) => [row.product, row]));
  for (const { body } of unseen) {
    const row = of.get(body.product);
    if (body.action === "showcase") for (const other of rows) other.onAir = other.product === body.product;
    else if (body.action === "withdraw" && row) row.onAir = false;
    else if (body.action === "stock" && row) Object.assign(row, { stock: body.stock, estimated: false });
    else if (body.action === "end") for (const other of rows) other.onAir = false;
    if (body.action === "showcase" && row) row.shown = true;
  }
  return rows;
}

/** The product that follows in the line-up: after the one on air, else the first that was not on air yet. */
export function nextOf(rows) {
  const current = rows.findLastIndex((row) => row.onAir);
  if (current >= 0) return rows[current + 1] ?? null;
  return rows.find((row) => !row.shown) ?? rows[0] ?? null;
}

/** Whether the session is on air, by the server's status and by what was done since. */
export function onAir(status, unseen) {
  const last = unseen.findLast(({ body }) => body.action === "start" || body.action === "end");
  return last ? last.body.action === "start" : status === "live";
}
