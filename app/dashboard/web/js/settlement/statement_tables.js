/**
 * The parts of a statement as tables: lines, tax, totals, chain, platform, deliverables.
 *
 * In: a statement of the API. Out: descriptions of tables, in the words of its files. Never here: requests, arithmetic.
 */

import { panel, phrase, table } from "../components/components.js";
import { h } from "../page/dom.js";
import { percentageOf } from "../components/forms.js";
import { day, labelOr, labelled, money, number, t } from "../page/i18n.js";
import { link } from "../page/router.js";

export const partyName = (name) => labelOr(`settlement.party.${name}`, name);
/** A rate of the API as a percentage; a fraction such as 2/3 stays one. */
export const rateText = (rate) => (rate.includes("/") ? rate : `${percentageOf(rate)}%`);

/** What a line is for, in the words of the statement's files. */
export function description(line) {
  if (line.kind === "carry_over") return t("settlement.line.carried", { number: line.corrects });
  const stated = line.corrected ?? line.kind;
  let text = line.session
    ? t("settlement.line.session", { title: line.title, day: day(line.held_on) })
    : [line.name, line.reason].filter(Boolean).join(" ") || t(`settlement.kind.${line.kind}`);
  if (line.session && stated === "share") text = `${t("settlement.line.share", { to: partyName(line.to) })} ${text}`;
  if (line.session && stated === "collected") text = t("settlement.line.collected", { text });
  return line.corrects ? t("settlement.line.corrects", { text, number: line.corrects }) : text;
}

const basis = (line, currency) => (line.source ? money(line.source.amount, line.source.currency) : line.base ? money(line.base, currency) : null);

function rate({ source, rate: own }) {
  if (source?.rate) return t("settlement.line.rate", { rate: source.rate, day: day(source.rate_date), kind: source.rate_kind });
  return own ? rateText(own) : null;
}

/** @param remove called with an entered line that is to be removed; absent if none may be */
export function lineTable(statement, remove) {
  const { currency } = statement;
  const taken = (line) => line.id && h("button", {
    type: "button", class: "button button-quiet", "aria-label": labelled(t("form.remove"), description(line)), onclick: () => remove(line),
  }, t("form.remove"));
  return table("line-table", t("settlement.section.lines"), [
    { label: t("settlement.column.kind"), cell: (line) => t(`settlement.kind.${line.kind}`) },
    { label: t("settlement.column.description"), class: "text-cell", cell: (line) => [
      line.session ? h("a", { href: link("report", line.session) }, phrase(description(line))) : phrase(description(line)),
      line.by && h("small", null, labelled(t("settlement.column.by"), line.by))] },
    { label: t("settlement.column.basis"), numeric: true, cell: (line) => basis(line, currency) },
    { label: t("settlement.column.rate"), numeric: true, cell: rate },
    { label: t("settlement.column.tax_rate"), numeric: true, cell: (line) => (line.tax_rate ? rateText(line.tax_rate) : t("settlement.untaxed")) },
    { label: t("settlement.column.amount"), numeric: true, cell: (line) => money(line.amount, currency) },
    remove && { label: h("span", { class: "unseen" }, t("form.remove")), class: "narrow", cell: (line) => taken(line) || "" },
  ].filter(Boolean), statement.lines.map((line, index) => ({ ...line, place: index })), { rowKey: (line) => line.id ?? line.place, foot: [] });
}

/** Totals and tax in the order in which they make what is payable. */
export function sums(statement) {
  const { totals, tax, currency } = statement;
  const own = new Set(statement.lines.filter((line) => line.kind === "share").map((line) => line.to));
  const rows = [
    [t("settlement.kind.goods"), totals.goods],
    ...Object.entries(totals.shares).filter(([to]) => own.has(to)).map(([to, amount]) => [t("settlement.line.share", { to: partyName(to) }), negative(amount)]),
    [t("brand.fees"), negative(totals.fees)], [t("settlement.kind.ad_cost"), negative(totals.ad_costs)],
    [t("settlement.kind.withholding"), negative(totals.withholding)], [t("settlement.kind.adjustment"), totals.adjustments],
    [t("settlement.kind.correction"), totals.corrections], [t("settlement.kind.carry_over"), totals.carry_over],
    [t("settlement.kind.collected"), negative(totals.collected)],
    ...tax.map((one) => [labelled(t("settlement.tax.amount", { rate: rateText(one.rate) }), labelled(t("settlement.tax.base", { rate: rateText(one.rate) }), money(one.base, currency))), negative(one.amount)]),
  ].filter(([, amount], index) => index === 0 || !/^-?0$/.test(amount));
  const owed = totals.payable_to_brand.startsWith("-");
  return table("sum-table", t("brand.statement.sums"), [
    { label: t("settlement.column.kind"), cell: ([label]) => label },
    { label: t("brand.amount"), numeric: true, cell: ([, amount]) => money(amount, currency) },
  ], rows, { rowKey: ([label]) => label, wide: false, foot: [[t(owed ? "settlement.owed" : "settlement.payable"), totals.payable_to_brand.replace("-", "")]] });
}

const negative = (amount) => (amount.startsWith("-") ? amount.slice(1) : /^0$/.test(amount) ? amount : `-${amount}`);

export const deliverableTable = (id, deliverables) => table(id, t("settlement.section.deliverables"), [
  { label: t("settlement.column.kind"), cell: (one) => t(`settlement.deliverable.${one.kind}`) },
  { label: t("settlement.column.agreed"), numeric: true, cell: (one) => number(one.agreed) },
  { label: t("settlement.column.done"), numeric: true, cell: (one) => h("span", { class: one.done < one.agreed ? "low" : null }, number(one.done)) },
], deliverables, { rowKey: (one) => one.kind, wide: false });

/** What only the agency reads. */
export function internalTables({ chain, platform, currency }) {
  return [
    chain.length > 0 && panel("chain", t("settlement.section.chain"), null, table("chain-table", t("settlement.section.chain"), [
      { label: t("settlement.column.to"), cell: (one) => partyName(one.to) },
      { label: t("settlement.column.of"), cell: (one) => partyName(one.of) },
      { label: t("settlement.column.base"), numeric: true, cell: (one) => money(one.base, currency) },
      { label: t("settlement.column.share"), numeric: true, cell: (one) => rateText(one.rate) },
      { label: t("brand.amount"), numeric: true, cell: (one) => money(one.amount, currency) },
    ], chain.map((one, place) => ({ ...one, place })), { rowKey: (one) => one.place })),
    platform.length > 0 && panel("platform", t("settlement.section.platform"), null, table("platform-table", t("settlement.section.platform"), [
      { label: t("settlement.column.title"), class: "name-cell", cell: (one) => h("a", { href: link("report", one.session) }, phrase(one.title)) },
      { label: t("settlement.column.orders"), numeric: true, cell: (one) => number(one.orders) },
      { label: t("settlement.column.settled"), numeric: true, cell: (one) => money(one.settled, one.currency) },
      { label: t("settlement.column.fees"), numeric: true, cell: (one) => one.fees.map(({ kind, amount }) => h("span", { key: kind, class: "figure" }, `${kind} ${money(amount, one.currency)}`)) },
      { label: t("settlement.column.net_gmv"), numeric: true, cell: (one) => money(one.net_gmv, one.currency) },
      { label: t("settlement.column.difference"), numeric: true, cell: (one) => money(one.difference, one.currency) },
    ], platform, { rowKey: (one) => one.session })),
  ];
}
