// Create a session, send one event, send many, read the figures, page through the list: with the client of @hey-api/openapi-ts.

import { createSession, getKpis, listSessions, sendEvents, type Event } from "./generated/hey-api/index.js";
import { createClient } from "./generated/hey-api/client/index.js";

const client = createClient({ baseUrl: process.env.TALLYLIGHT_URL ?? "", auth: process.env.TALLYLIGHT_KEY ?? "" });

for (const number of [1, 2, 3]) {
  const { data, error } = await createSession({
    client,
    body: { title: `Autumn knitwear ${number}`, brand: "maison-k", host: "kobayashi", currency: "CNY" },
  });
  if (data === undefined) throw new Error(error.code);
  const like = (id: string): Event => ({ specversion: "1.0", id, source: "/clients/hey-api", type: "live.like.sent", subject: data.id, data: { count: 2 } });
  const one = await sendEvents({ client, body: like(`${data.id}-0`) });
  const many = await sendEvents({ client, body: [like(`${data.id}-1`), like(`${data.id}-2`)] });
  if (one.data?.accepted !== 1 || many.data?.accepted !== 2) throw new Error("the events were not accepted");
  const kpis = await getKpis({ client, path: { session: data.id }, query: { lang: "en" } });
  if (kpis.data?.kpis.likes.value !== 6) throw new Error(`6 likes expected, got ${kpis.data?.kpis.likes.value}`);
}

const refused = await sendEvents({ client, body: { specversion: "1.0", id: "x", source: "/clients/hey-api", type: "live.like.sent", subject: "nothing" } });
if (refused.error === undefined || !("rejected" in refused.error)) throw new Error("a rejection was expected");
if (refused.error.rejected[0]?.errors[0]?.pointer !== "/subject") throw new Error("the rejection does not name /subject");

const titles: string[] = [];
let cursor: string | null = null;
do {
  const page: Awaited<ReturnType<typeof listSessions>> = await listSessions({ client, query: { limit: 2, cursor } });
  if (page.data === undefined) throw new Error("no page");
  titles.push(...page.data.sessions.map((session) => session.title));
  cursor = page.data.next_cursor;
} while (cursor !== null);
if (titles.length !== 3) throw new Error(`3 sessions expected, got ${titles.length}`);
console.log("ok");
