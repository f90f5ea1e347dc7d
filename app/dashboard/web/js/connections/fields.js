/**
 * The fields of a kind of connections, from the API's own description of them.
 *
 * In: a kind, a form. Out: fields; the values as the API takes them. Never here: requests, secrets that are stored.
 */

import { h } from "../page/dom.js";
import { labelOr, t } from "../page/i18n.js";

const words = (what, name) => labelOr(`connection_${what}.${name}`, what === "field" ? name : "");

/** The values of a form for a connection, or for a new one. */
export const valuesOf = (kind, one) => ({
  name: one?.name ?? null, brand: one?.brand ?? null, enabled: one?.enabled ?? true, secrets: {},
  options: Object.fromEntries(kind.fields.filter(({ place }) => place === "options").map((field) => [field.name, shown(field, one?.options?.[field.name])])),
});

function shown({ type, default_value: otherwise }, value) {
  if (type === "boolean") return value ?? otherwise ?? false;
  if (value === undefined || value === null) return null;
  if (type === "map") return Object.entries(value).map(([key, text]) => `${key}=${text}`).join("\n");
  return type === "rules" ? JSON.stringify(value, null, 2) : value;
}

/** Draw the fields of a kind; a secret that is set is left empty to keep it. */
export const fieldsOf = (form, kind, set = [], completion = null) => kind.fields.map((field) => {
  const known = field.place === "secrets" && set.includes(field.name);
  const help = [words("help", field.name), known && t("connection.keep")].filter(Boolean).join(" ");
  const required = field.required && !known;
  const pointer = `/${field.place}/${field.name}`;
  const look = { choice: "select", boolean: "checkbox", map: "textarea", rules: "textarea" }[field.type] ?? "text";
  const choice = (value) => labelOr(`connection_choice.${field.name}.${value}`, value);
  const options = field.choices && [["", field.default_value ? choice(field.default_value) : "—"], ...field.choices.filter((one) => one !== field.default_value).map((one) => [one, choice(one)])];
  const rules = field.type === "rules" && completion;
  const more = field.type === "rules" ? { rows: 14, class: "code", spellcheck: "false", ...completion?.properties } : field.type === "secret" ? { spellcheck: "false" } : {};
  const drawn = form.field(pointer, words("field", field.name), { kind: look, help: rules ? [help, h("br"), t("completion.hint")] : help, required, ...(options && { options }), ...more });
  return rules ? [drawn, completion.render(() => document.querySelector(`[name="${pointer}"]`))] : drawn;
});

/** The options as the API takes them: what is empty is absent. A text that is no JSON is sent as it is, and refused by name. */
export function optionsOf(kind, options) {
  const found = {};
  for (const field of kind.fields) {
    const value = options[field.name];
    if (field.place !== "options" || value === null || value === undefined || value === "" || value === field.default_value) continue;
    found[field.name] = field.type === "map" ? lines(value) : field.type === "rules" ? parsed(value) : value;
  }
  return found;
}

export const secretsOf = (secrets) => Object.fromEntries(Object.entries(secrets).filter(([, value]) => value));

function lines(text) {
  const pairs = text.split("\n").map((line) => line.trim()).filter(Boolean).map((line) => line.split(/=(.*)/s));
  return Object.fromEntries(pairs.map(([key, value = ""]) => [key.trim(), value.trim()]));
}

export function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
