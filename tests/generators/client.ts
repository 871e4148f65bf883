// What a program of another team does with the client that is made of the API's own document; it is compiled, and not run.
import createClient from "openapi-fetch";
import type { components, paths } from "./api";

const desk = createClient<paths>({ baseUrl: "http://127.0.0.1:8400", headers: { Authorization: "Bearer …" } });

type TicketRow = components["schemas"]["TicketRow"];

async function page(cursor: string | null) {
  const { data, error } = await desk.GET("/api/v1/tickets", { params: { query: { status: ["open"], sort: "due", cursor } } });
  if (error) throw new Error(error.detail);
  return data;
}

export async function overdue(): Promise<TicketRow[]> {
  const found: TicketRow[] = [];
  let cursor: string | null = null;
  do {
    const { items, next } = await page(cursor);
    found.push(...items.filter((ticket) => ticket.breached));
    cursor = next;
  } while (cursor !== null);
  return found;
}

export async function answer(number: number, text: string): Promise<string> {
  const path = { reference: String(number) };
  const { data: found } = await desk.GET("/api/v1/tickets/{reference}", { params: { path } });
  const asked: string | undefined = found?.conversation?.at(-1)?.text;
  const why: string[] | undefined = found?.decisions.map((decision) => decision.reason);
  const { data, error } = await desk.POST("/api/v1/tickets/{reference}/replies", {
    params: { path, header: { "Idempotency-Key": `answer-${number}` } },
    body: { text: `${asked ?? ""}\n${why?.join("\n") ?? ""}\n${text}`, resolve: true },
  });
  if (error) throw new Error(error.detail);
  return data.ticket.status;
}

export async function putTypes(): Promise<number> {
  const { data: before, response } = await desk.GET("/api/v1/settings/ticket-types");
  if (!before) throw new Error(response.statusText);
  const { data } = await desk.PUT("/api/v1/settings/ticket-types", {
    params: { header: { "If-Match": `"${before.version}"` } },
    body: { content: { types: [...(before.content.types ?? []), { key: "Fault" }] }, note: "Faults by themselves." },
  });
  return data?.version ?? before.version;
}

export async function putRules(): Promise<string[] | undefined> {
  const { data } = await desk.PUT("/api/v1/routing/configuration", {
    body: { rules: [{ name: "Faults", conditions: ["ticket.type == 'Fault'"], actions: { team: "Support" } }] },
  });
  return data?.warnings;
}

// What must not compile.
export async function wrong(): Promise<void> {
  const params = { path: { reference: "1" } };
  // @ts-expect-error a misspelt field of a body
  await desk.POST("/api/v1/tickets/{reference}/replies", { params, body: { txet: "Hello" } });
  // @ts-expect-error a word that is none of the vocabulary
  await desk.PUT("/api/v1/tickets/{reference}/priority", { params, body: { priority: "urgent" } });
  // @ts-expect-error a path that is none
  await desk.GET("/api/v1/ticket");
  const { data } = await desk.GET("/api/v1/tickets/{reference}", { params });
  // @ts-expect-error a misspelt field of an answer
  console.log(data?.ticket.nubmer);
}
