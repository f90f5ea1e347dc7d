/**
 * A second look before the issue: what is complete by the rules and may still be wrong.
 *
 * In: a draft, and the present figures of its sessions. Out: a list of what to check, and the button that issues. Never here: rules
 * of money; the server decides what blocks an issue.
 */

import { find } from "../server/api.js";
import { notice, panel, phrase } from "../components/components.js";
import { h } from "../page/dom.js";
import { money, number, t } from "../page/i18n.js";
import { link } from "../page/router.js";
import { Resource } from "../server/resource.js";
import { may } from "../page/state.js";

export class SecondLook {
  #changed = null;

  /** Ask of each session whether its figures have changed since its release. */
  load(statement) {
    this.#changed?.stop();
    this.#changed = null;
    if (statement.status !== "draft" || !may.write()) return;
    const titles = new Map(statement.lines.filter((line) => line.session).map((line) => [line.session, line.title]));
    this.#changed = new Resource(async () => {
      const found = await Promise.all([...titles.keys()].map((id) => find(`/v1/sessions/${encodeURIComponent(id)}/kpis`)));
      return [...titles].filter((_, index) => found[index]?.final?.changed);
    });
    this.#changed.load();
  }

  render(statement, issue) {
    const short = statement.deliverables.filter((one) => one.done < one.agreed);
    const different = statement.platform.filter((one) => !/^-?0(\.0+)?$/.test(one.difference));
    const changed = this.#changed?.data ?? [];
    const payable = statement.totals.payable_to_brand;
    const checks = [
      statement.missing.length > 0 && [t("brand.look.missing", { count: number(statement.missing.length) }), "#missing"],
      ...changed.map(([id, title]) => [t("brand.look.changed", { title }), link("report", id)]),
      ...short.map((one) => [t("brand.look.deliverable", { kind: t(`settlement.deliverable.${one.kind}`), done: number(one.done), agreed: number(one.agreed) })]),
      ...different.map((one) => [t("brand.look.platform", { title: one.title ?? "", amount: money(one.difference, one.currency) })]),
      statement.lines.some((line) => line.kind === "correction") && [t("brand.look.corrections")],
      payable.startsWith("-") && [t("brand.look.negative", { amount: money(payable.slice(1), statement.currency) })],
    ].filter(Boolean);
    return panel("second-look", t("brand.look"), null,
      this.#changed?.pending && h("p", { class: "quiet", role: "status" }, t("dash.loading")),
      checks.length
        ? h("ul", { class: "checks" }, ...checks.map(([words, address], index) => h("li", { key: index }, address && !address.startsWith("#m") ? h("a", { href: address }, phrase(words)) : phrase(words))))
        : notice("info", t("brand.look.nothing")),
      h("div", { class: "form-end" }, issue, h("span", { class: "quiet small" }, t(statement.missing.length ? "brand.look.blocked" : "brand.look.final"))));
  }
}
