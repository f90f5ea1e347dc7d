/**
 * The kinds of channels: which secrets and options each has.
 *
 * In: the form of a channel. Out: its fields. Never here: rules about their values; the server knows them.
 */

import { t } from "../page/i18n.js";

export const KINDS = ["wecom", "feishu", "dingtalk", "slack", "line", "webhook"];
const STATES = { alert: ["raised", "cleared"], session: ["started", "ended"], revision: ["created"], settlement: ["issued"], connection: ["failing"] };
/** The names of what a channel may be sent: alert.raised, … */
export const EVENTS = Object.entries(STATES).flatMap(([subject, states]) => states.map((state) => `${subject}.${state}`));
const SECRETS = {
  wecom: ["url"], feishu: ["url", "secret"], dingtalk: ["url", "secret"], slack: ["url"], line: ["token", "to"], webhook: ["url", "secret"],
};
const OPTIONAL = new Set(["feishu secret", "dingtalk secret"]);
const OPTIONS = { feishu: ["keyword"], dingtalk: ["keyword"] };

const chosen = (names, values) => Object.fromEntries(Object.entries(values).filter(([name, value]) => names?.includes(name) && value));

/** What was entered for a kind, without what is empty or was typed for another kind. */
export const entered = (kind, { secrets, options }) => ({ secrets: chosen(SECRETS[kind], secrets), options: chosen([...(OPTIONS[kind] ?? []), "api_base"], options) });

/** The fields of the secrets and options of the form's kind; a secret that is left empty in a change stays as it is. */
export function fieldsOf(form, fresh) {
  const kind = form.get("/kind");
  return [
    ...SECRETS[kind].map((name) => form.field(`/secrets/${name}`, t(`channels.secret.${name === "secret" && kind === "webhook" ? "signing" : name}`), {
      help: fresh ? OPTIONAL.has(`${kind} ${name}`) && t("channels.optional") : t("channels.secret.kept"),
      required: fresh && !OPTIONAL.has(`${kind} ${name}`), type: name === "to" ? "text" : "password",
    })),
    ...(OPTIONS[kind] ?? []).map((name) => form.field(`/options/${name}`, t(`channels.option.${name}`), { help: t("channels.optional") })),
  ];
}
