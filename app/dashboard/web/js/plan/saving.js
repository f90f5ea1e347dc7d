/**
 * A plan that is saved while it is typed, and never over another person's changes.
 *
 * In: changes of the plan. Out: one PUT at a time, with the tag of the version that was changed. Never here: elements.
 */

import { Problem, exchange } from "../server/api.js";
import { ITEM, sent } from "./fields.js";
import { refresh } from "../page/state.js";
import { t } from "../page/i18n.js";

const PAUSE_MS = 700;
const RETRY_MS = 4000;

export class SavedPlan {
  /** The plan as it stands on the page. */
  plan = null;
  /** The version of the server that it came from, and its tag. */
  base = null;
  tag = null;
  /** `saved`, `changed`, `saving`, `failed`, `refused`, `stale`. */
  state = "saved";
  savedAt = null;
  problem = null;
  /** The server's version where it differs from the one that was changed. */
  theirs = null;
  #path;
  #timer = null;
  #number = 0;
  #running = null;

  constructor(path) {
    this.#path = path;
  }

  async load() {
    const { data, tag } = await exchange(this.#path);
    this.#take(data, tag);
  }

  #take(data, tag) {
    this.base = structuredClone(data);
    this.plan = data;
    this.tag = tag;
    this.theirs = null;
    this.problem = null;
    this.state = "saved";
  }

  /** Change the plan; it is saved when the typing pauses. */
  change(work) {
    work(this.plan);
    this.#number += 1;
    if (this.state !== "stale") {
      this.state = "changed";
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.save(), PAUSE_MS);
    }
    refresh();
  }

  get unsaved() {
    return this.state !== "saved";
  }

  /** Save now what has not been saved. */
  async save() {
    clearTimeout(this.#timer);
    if (this.#running) {
      await this.#running;
      if (this.state === "changed") return this.save();
      return;
    }
    if (!["changed", "failed", "refused"].includes(this.state)) return;
    this.#running = this.#put();
    await this.#running;
    this.#running = null;
    refresh();
    if (this.state === "changed") this.#timer = setTimeout(() => this.save(), PAUSE_MS);
  }

  async #put() {
    const number = this.#number;
    const body = complete(this.plan);
    this.state = "saving";
    this.problem = null;
    refresh();
    try {
      const { data, tag } = await exchange(this.#path, { method: "PUT", body, headers: { "If-Match": this.tag } });
      this.tag = tag;
      // The page keeps its own notation: a field must not change under the hand that types in it.
      this.base = structuredClone(data);
      this.savedAt = Date.now();
      this.state = number === this.#number ? "saved" : "changed";
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (problem.status === 412) return this.#compare();
      this.problem = problem;
      this.state = problem.passing ? "failed" : "refused";
      if (problem.passing) this.#timer = setTimeout(() => this.save(), RETRY_MS);
    }
  }

  async #compare() {
    try {
      this.theirs = await exchange(this.#path);
      this.state = "stale";
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.problem = problem;
      this.state = "failed";
      this.#timer = setTimeout(() => this.save(), RETRY_MS);
    }
  }

  /** Go on with a version that was made of both, over theirs, which was seen. */
  resolve(plan) {
    this.base = structuredClone(this.theirs.data);
    this.tag = this.theirs.tag;
    this.theirs = null;
    this.plan = plan;
    this.#number += 1;
    this.state = "changed";
    return this.save();
  }

  /** Save what waits; the page is being left. */
  leave() {
    clearTimeout(this.#timer);
    if (this.state === "changed") this.save();
  }

  /** In words. */
  get words() {
    return t(`plan.state.${this.state}`);
  }
}

const PROMOTION = ["id", "url", "kind", "platform", "title", "published_at"];

/** What of a plan can be saved: a row without its code, and what only the page knows, stays on the page. */
function complete(plan) {
  const { streams, lineup, promotions, ...basics } = plan;
  return {
    ...basics,
    title: basics.title ?? "",
    streams: streams.map((stream) => sent(stream, ["platform", "room"])),
    lineup: lineup.filter((row) => row.product?.trim()).map((row) => sent(row, Object.keys(ITEM))),
    promotions: promotions.map((one) => sent(one, PROMOTION)),
  };
}
