/**
 * People and keys, for administrators: who works here, with which role and brand, on which devices; and the API keys of tools.
 *
 * In: people, devices and keys of the API. Out: tables and forms. Never here: secrets beyond the moment in which they are made.
 */

import { get, patch, post, remove } from "../server/api.js";
import { app, refresh } from "../page/state.js";
import { h } from "../page/dom.js";
import { Keys } from "./keys.js";
import { Resource, change } from "../server/resource.js";
import { Secret, brandField, roleField } from "./fields.js";
import { failure, field, heading, notice, panel, problemWords, table, waiting } from "../components/components.js";
import { READER_ZONE, labelled, moment, t } from "../page/i18n.js";

const ROLES = ["viewer", "operator", "admin"];

export class View {
  constructor() {
    this.people = new Resource(() => get("/v1/people?limit=200"));
    this.brands = new Resource(() => get("/v1/brands?limit=200"));
    this.keys = new Keys(this.brands);
    this.devices = null;
    /** The person whose devices are shown. */
    this.shown = null;
    this.form = { name: "", role: "operator", brand: "" };
    this.secret = new Secret("people.link.made");
    this.problem = null;
    for (const one of [this.people, this.brands]) one.load();
  }

  title() {
    return t("people.nav");
  }

  leave() {
    this.keys.leave();
    for (const one of [this.people, this.brands, this.devices]) one?.stop();
  }

  #change(work) {
    return change(this, work, this.people, this.devices);
  }

  #create(event) {
    event.preventDefault();
    const { name, role, brand } = this.form;
    this.#change(async () => {
      const person = await post("/v1/people", { name: name.trim(), role, brand: role === "admin" ? null : brand || null });
      Object.assign(this.form, { name: "", brand: "" });
      await this.#link(person);
    });
  }

  async #link(person) {
    const { url, expires_at: until } = await post(`/v1/people/${person.id}/sign-in-links`);
    this.secret.show(url, t("people.link.for", { name: person.name, until: moment(until, READER_ZONE) }));
  }

  #showDevices(person) {
    this.devices?.stop();
    this.shown = this.shown === person.id ? null : person.id;
    this.devices = this.shown && new Resource(() => get(`/v1/people/${person.id}/devices`));
    this.devices?.load();
    refresh();
  }

  render() {
    const list = this.people.data?.people;
    const head = h("div", { class: "view-head" }, heading(1, this.title()));
    if (this.people.pending || this.keys.list.pending) return [head, waiting()];
    return [
      head,
      this.people.error && failure(this.people.error, () => this.people.load()),
      this.problem && h("div", { role: "alert" }, notice("critical", problemWords(this.problem))),
      list && panel("people", t("people.people"), null,
        this.secret.render(),
        list.length > 0 ? this.#table(list) : h("p", { class: "empty" }, t("people.none")),
        this.#deviceList(list.find((person) => person.id === this.shown)),
        this.#form()),
      this.keys.render(),
    ];
  }

  #table(list) {
    const role = (person) => h("select", {
      value: person.role, "aria-label": labelled(t("people.role"), person.name), disabled: person.id === app.who.id,
      onchange: (event) => this.#change(() => patch(`/v1/people/${person.id}`, { role: event.target.value, ...(event.target.value === "admin" ? { brand: null } : {}) })),
    }, ...ROLES.map((name) => h("option", { value: name }, t(`people.role.${name}`))));
    const columns = [
      { label: t("dash.name"), cell: (person) => [h("span", { class: "strong" }, person.name), !person.active && h("span", { class: "chip" }, t("people.inactive"))] },
      { label: t("people.role"), cell: role },
      { label: t("dash.brand"), cell: (person) => person.brand ?? t("people.all_brands") },
      { label: t("people.last_seen"), cell: (person) => (person.last_seen_at ? h("span", { class: "nowrap" }, moment(person.last_seen_at, READER_ZONE)) : t("people.never")) },
      { label: t("people.actions"), cell: (person) => this.#actions(person) },
    ];
    return table("people-table", t("people.people"), columns, list);
  }

  #actions(person) {
    const button = (label, work) => h("button", { type: "button", class: "button button-quiet", "aria-label": labelled(t(label), person.name), onclick: work }, t(label));
    const self = person.id === app.who.id;
    return h("span", { class: "note-buttons" },
      person.active && button("people.link.make", () => this.#change(() => this.#link(person))),
      button("people.devices", () => this.#showDevices(person)),
      !self && button(person.active ? "people.deactivate" : "people.activate", () => this.#change(() => patch(`/v1/people/${person.id}`, { active: !person.active }))),
      !self && button("people.delete", () => confirm(t("people.delete.confirm", { name: person.name })) && this.#change(() => remove(`/v1/people/${person.id}`))));
  }

  #deviceList(person) {
    const list = this.devices?.data?.devices;
    if (!person || !list) return null;
    const path = `/v1/people/${person.id}/devices`;
    const columns = [
      { label: t("people.device"), cell: (one) => [one.user_agent ?? t("people.device.unknown"), one.current && h("span", { class: "chip" }, t("people.device.this"))] },
      { label: t("people.device.since"), cell: (one) => h("span", { class: "nowrap" }, moment(one.created_at, READER_ZONE)) },
      { label: t("people.last_seen"), cell: (one) => h("span", { class: "nowrap" }, moment(one.last_seen_at, READER_ZONE)) },
      { label: t("people.actions"), cell: (one) => h("button", { type: "button", class: "button button-quiet", onclick: () => this.#change(() => remove(`${path}/${one.id}`)) }, t("people.device.sign_out")) },
    ];
    return h("div", { key: "devices" },
      heading(3, t("people.devices.of", { name: person.name })),
      list.length > 0 ? table("device-table", t("people.devices"), columns, list) : h("p", { class: "empty" }, t("people.devices.none")),
      list.length > 1 && h("button", { type: "button", class: "button", onclick: () => this.#change(() => remove(path)) }, t("people.devices.sign_out")));
  }

  #form() {
    return h("form", { class: "form-grid people-form", onsubmit: (event) => this.#create(event), "aria-label": t("people.add") },
      field(t("dash.name"), h("input", { type: "text", required: true, maxlength: 200, value: this.form.name, oninput: (event) => { this.form.name = event.target.value; } })),
      roleField(ROLES, this.form),
      this.form.role !== "admin" && brandField(this.brands, this.form),
      h("button", { class: "button button-main" }, t("people.add")));
  }
}
