/**
 * The pages of a brand: its name, the tabs, and the part that the address names.
 *
 * In: `#/brand/<slug>/<part>/…`. Out: a page. Never here: the parts' own work.
 */

import { get } from "../server/api.js";
import { failure, heading, waiting } from "../components/components.js";
import { h } from "../page/dom.js";
import { t } from "../page/i18n.js";
import { Resource } from "../server/resource.js";
import { may } from "../page/state.js";
import { Catalogue } from "./catalogue.js";
import { Contracts } from "../settlement/contract.js";
import { Customers } from "../orders/customers.js";
import { Customer } from "../orders/customer.js";
import { Exports } from "./exports.js";
import { brandTabs } from "../components/brand_frame.js";
import { Hosts } from "./hosts.js";
import { Logo } from "./logo.js";
import { BrandName } from "./name.js";
import { Month } from "../settlement/month.js";
import { Packing } from "../orders/packing.js";
import { Settlements } from "../settlement/settlement.js";
import { Shipping } from "../orders/shipping.js";
import { Shows } from "./shows.js";
import { Statement } from "../settlement/statement.js";

/** By the part's name: the part, and what stands under an id behind it. */
const PARTS = {
  shows: [Shows], hosts: [Hosts], month: [Month, Month], contract: [Contracts], settlement: [Settlements, Statement],
  customers: [Customers, Customer], shipping: [Shipping, Packing], catalogue: [Catalogue], exports: [Exports],
};

export class View {
  constructor(slug = "", part = "shows", id = undefined) {
    Object.assign(this, { slug, part });
    this.brand = new Resource(() => get(`/v1/brands/${encodeURIComponent(slug)}`));
    this.brand.load();
    this.logo = new Logo(slug, this.brand);
    this.naming = new BrandName(slug, this.brand);
    const [List, One] = PARTS[part] ?? [];
    const Part = id === undefined ? List : One;
    const open = Part && (part !== "contract" || may.write());
    this.content = open ? new Part(slug, id) : null;
  }

  title() {
    const part = this.content ? t(`brand.part.${this.part}`) : t("dash.error.missing");
    return `${this.name} – ${part}`;
  }

  get name() {
    return this.brand.data?.name ?? this.slug;
  }

  leave() {
    this.brand.stop();
    this.content?.leave();
  }

  languageChanged() {
    this.content?.languageChanged?.();
  }

  render() {
    if (this.brand.error) return failure(this.brand.error, () => this.brand.load());
    // A long name takes two lines of a phone.
    if (this.brand.pending) return waiting();
    return h("article", { class: "brand-page" },
      h("div", { class: "view-head" }, heading(1, this.name), this.logo.image()),
      brandTabs(this.slug, this.part),
      this.content ? this.content.render(this.name) : h("p", { class: "empty" }, t("dash.error.missing")),
      this.part === "shows" && this.content.answered && [this.naming.render(), this.logo.render()]);
  }
}
