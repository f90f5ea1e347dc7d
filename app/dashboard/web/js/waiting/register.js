/**
 * Registers a room whose events wait: the session that they belong to.
 *
 * In: a room. Out: a form with the latest sessions. Never here: the replay; the registration does it.
 */

import { get, post } from "../server/api.js";
import { Form } from "../components/forms.js";
import { READER_ZONE, date, t } from "../page/i18n.js";
import { Resource } from "../server/resource.js";
import { failure, waiting } from "../components/components.js";
import { refresh } from "../page/state.js";

export class Register {
  open = null;

  /** @param registered called after a registration */
  constructor(registered) {
    this.registered = registered;
    this.sessions = new Resource(() => get("/v1/sessions?limit=50"));
  }

  toggle(key) {
    this.open = this.open === key ? null : key;
    this.form = null;
    if (this.open) this.sessions.load();
    refresh();
  }

  render(room) {
    if (this.sessions.error) return failure(this.sessions.error, () => this.sessions.load());
    if (!this.sessions.data) return waiting();
    const options = [["", "—"], ...this.sessions.data.sessions.map((one) => [one.id, `${one.title} · ${one.brand} · ${date(one.started_at ?? one.scheduled_at ?? one.created_at, READER_ZONE)}`])];
    this.form ??= new Form("register", { session: null }, async ({ session }) => {
      await post(`/v1/sessions/${session}/streams`, { platform: room.platform, room: room.room });
      this.open = null;
      this.registered();
    });
    return this.form.render(t("waiting.register"), () => [
      this.form.field("/session", t("waiting.session"), { kind: "select", options, required: true, help: t("waiting.register_help") }),
    ], { submit: t("waiting.register") });
  }
}
