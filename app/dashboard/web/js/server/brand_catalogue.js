/**
 * All products of a brand, for choices and for codes that are unknown.
 *
 * In: a brand. Out: its products with their codes and aliases. Never here: elements.
 */

import { get, path } from "./api.js";
import { language } from "../page/i18n.js";

const PAGE = 200;
/** A choice among more products than this is no help. */
const MOST_PAGES = 10;

export async function productsOf(brand) {
  const found = [];
  let cursor = null;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const answer = await get(path("/v1/products", { brand, limit: PAGE, cursor }));
    found.push(...answer.products);
    cursor = answer.next_cursor;
    if (!cursor) break;
  }
  return found;
}

/** Every code and alias of products. */
export const codesOf = (products) => new Set(products.flatMap((product) => [product.code, ...product.aliases]));

/** A product's name in the reader's language, or in another one, or its code. */
export const productName = ({ names, code }) => names[language()] ?? Object.values(names)[0] ?? code;
