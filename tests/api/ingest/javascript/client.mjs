// Sends events with the CloudEvents SDK. In: the server's URL, an API key, a JSON array of cases {mode, events}. Out: one line of JSON,
// the status and the body of each answer. `bytes` makes an event's data a byte array, `text` a string of JSON.
import { CloudEvent, HTTP, Mode, emitterFor } from "cloudevents";

const [url, key, input] = process.argv.slice(2);

const eventOf = ({ bytes, text, ...attributes }) => {
  const data = JSON.stringify(attributes.data);
  if (bytes) attributes.data = Buffer.from(data);
  if (text) attributes.data = data;
  return new CloudEvent(attributes);
};

const send = async ({ headers, body }) => {
  const answer = await fetch(url, { method: "POST", headers: { ...headers, authorization: `Bearer ${key}` }, body });
  return { status: answer.status, body: await answer.json() };
};

const answers = [];
for (const { mode, events } of JSON.parse(input)) {
  const made = events.map(eventOf);
  if (mode === "batch") {
    // The SDK reads batches and writes none: an array of its events as it serialises them is one.
    answers.push(await send({ headers: { "content-type": "application/cloudevents-batch+json" }, body: JSON.stringify(made) }));
    continue;
  }
  const emit = emitterFor(send, { binding: HTTP, mode: mode === "binary" ? Mode.BINARY : Mode.STRUCTURED });
  for (const event of made) answers.push(await emit(event));
}
console.log(JSON.stringify(answers));
