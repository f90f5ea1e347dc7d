// Create a session, send one event, send many, read the figures, page through the list: with openapi-typescript and openapi-fetch.

import createClient from "openapi-fetch";
import type { components, paths } from "./generated/openapi-typescript.js";

const client = createClient<paths>({
  baseUrl: process.env.TALLYLIGHT_URL ?? "",
  headers: { Authorization: `Bearer ${process.env.TALLYLIGHT_KEY ?? ""}` },
});

for (const number of [1, 2, 3]) {
  const { data, error } = await client.POST("/v1/sessions", {
    body: { title: `Autumn knitwear ${number}`, brand: "maison-k", host: "kobayashi", currency: "CNY" },
  });
  if (data === undefined) throw new Error(error.code);
  const like = (id: string): components["schemas"]["Event"] => ({
    specversion: "1.0", id, source: "/clients/openapi-fetch", type: "live.like.sent", subject: data.id, data: { count: 2 },
  });
  const one = await client.POST("/v1/events", { body: like(`${data.id}-0`) });
  const many = await client.POST("/v1/events", { body: [like(`${data.id}-1`), like(`${data.id}-2`)] });
  if (one.data?.accepted !== 1 || many.data?.accepted !== 2) throw new Error("the events were not accepted");
  const kpis = await client.GET("/v1/sessions/{session}/kpis", { params: { path: { session: data.id }, query: { lang: "en" } } });
  if (kpis.data?.kpis.likes.value !== 6) throw new Error(`6 likes expected, got ${kpis.data?.kpis.likes.value}`);
}

const refused = await client.POST("/v1/events", {
  body: { specversion: "1.0", id: "x", source: "/clients/openapi-fetch", type: "live.like.sent", subject: "nothing" },
});
if (refused.error === undefined || !("rejected" in refused.error)) throw new Error("a rejection was expected");
if (refused.error.rejected[0]?.errors[0]?.pointer !== "/subject") throw new Error("the rejection does not name /subject");

const titles: string[] = [];
let cursor: string | null = null;
do {
  const { data }: { data?: components["schemas"]["SessionList"] } = await client.GET("/v1/sessions", {
    params: { query: { limit: 2, cursor } },
  });
  if (data === undefined) throw new Error("no page");
  titles.push(...data.sessions.map((session) => session.title));
  cursor = data.next_cursor;
} while (cursor !== null);
if (titles.length !== 3) throw new Error(`3 sessions expected, got ${titles.length}`);
console.log("ok");
