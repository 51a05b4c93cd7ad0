// api.ts - the one place that calls fetch.
//
// Every failure is a Trouble: the server's word key, or "net.away" when there
// was no answer at all.  `reach` tells the outcome of the last request;
// navigator.onLine is not asked, for it stays true without a network.
import { ref } from "vue";

export class Trouble extends Error {
    constructor(
        readonly key: string,
        readonly status = 0,
        readonly field?: string,
        readonly again = false,
        readonly after = 0, // seconds to wait, when the server says so
    ) {
        super(key);
    }
    get away(): boolean {
        return this.key === "net.away";
    }
}

export const reach = ref<"unknown" | "yes" | "no">("unknown");
/** When the server answered last. */
export let heardAt = 0;

/** Called when the server no longer knows the session; the frame shows the sign-in. */
let onSignedOut = () => {};
export function whenSignedOut(tell: () => void): void {
    onSignedOut = tell;
}

let token: string | undefined;
/** The session of an open vault; none: the browser's cookie. */
export function useToken(own?: string): void {
    token = own;
}

export type Params = Record<string, string | number | undefined | null>;

async function request(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
    let answer: Response;
    const headers: Record<string, string> = { "X-Wangge": "1" };
    if (token) headers.Authorization = `Bearer ${token}`;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    try {
        answer = await fetch(path, {
            method,
            credentials: "same-origin",
            headers,
            body: body === undefined ? undefined : JSON.stringify(body),
            signal,
        });
    } catch (e) {
        if (signal?.aborted) throw new Trouble("net.dropped");
        reach.value = "no";
        throw new Trouble("net.away");
    }
    // A proxy in front answers 502 and 504 for a program that does not run: nobody heard the request.
    if (answer.status === 502 || answer.status === 504) {
        reach.value = "no";
        throw new Trouble("net.away", answer.status);
    }
    reach.value = "yes";
    heardAt = Date.now();
    if (answer.ok) return answer;
    const problem = await answer.json().catch(() => ({}));
    const trouble = new Trouble(
        problem.key ?? `http.${answer.status}`,
        answer.status,
        problem.field,
        Boolean(problem.again),
        Number(answer.headers.get("Retry-After")) || 0,
    );
    if (answer.status === 401 && trouble.key !== "session.wrong" && trouble.key !== "session.locked") onSignedOut();
    throw trouble;
}

async function body<T>(answer: Response): Promise<T> {
    try {
        const text = await answer.text();
        return (text ? JSON.parse(text) : {}) as T;
    } catch {
        reach.value = "no"; // cut off in the middle: treat it as not answered
        throw new Trouble("net.away");
    }
}

export async function get<T>(path: string, params: Params = {}, signal?: AbortSignal): Promise<T> {
    const query = Object.entries(params).filter(([, v]) => v !== undefined && v !== null && v !== "");
    const text = query.map(([k, v]) => `${k}=${encodeURIComponent(String(v))}`).join("&");
    return body<T>(await request("GET", text ? `${path}?${text}` : path, undefined, signal));
}
export async function post<T>(path: string, what: unknown): Promise<T> {
    return body<T>(await request("POST", path, what));
}
export async function remove(path: string): Promise<void> {
    await request("DELETE", path);
}

export interface Page<Row> {
    rows: Row[];
    next?: string | null;
}
/** One page of a question. */
export function askPage<Row>(question: string, params: Params, cursor?: string | null, signal?: AbortSignal): Promise<Page<Row>> {
    return get<Page<Row>>(`/api/${question}`, { ...params, cursor }, signal);
}
/** All rows of a question, page after page; `most` stops early. */
export async function ask<Row>(question: string, params: Params = {}, signal?: AbortSignal, most = Infinity): Promise<Row[]> {
    const rows: Row[] = [];
    let cursor: string | null | undefined;
    do {
        const page = await askPage<Row>(question, params, cursor, signal);
        for (const row of page.rows) rows.push(row);
        cursor = page.next;
    } while (cursor && rows.length < most);
    return rows;
}

export interface Draft {
    id: string;
    type: string;
    area: string;
    at: number;
    for?: string; // the worker for whom it is typed in
    body: Record<string, unknown>;
}
export interface Result {
    id: string;
    status: "stored" | "repeated" | "refused";
    ledger?: string;
    position?: number;
    digest?: string;
    safe?: number;
    error?: { key: string; field?: string; again?: boolean };
}
/** What waits on this device beside what is handed in, and when the oldest of it was made. */
export interface Left {
    left: number;
    oldest?: number;
}
/** Hands records in. The outbox calls it for work at the door, `write` for orders given from a desk. */
export async function handIn(records: Draft[], left?: Left): Promise<Result[]> {
    const { results } = await post<{ results: Result[] }>("/api/records", { now: Date.now(), records, ...left });
    void import("./heads").then((heads) => heads.remember(records, results)).catch(() => undefined);
    return results;
}
/** One record, now or not at all: the refusal is thrown. */
export async function write(record: Draft): Promise<Result> {
    const [result] = await handIn([record]);
    if (!result || result.status === "refused")
        throw new Trouble(result?.error?.key ?? "net.odd", 409, result?.error?.field, Boolean(result?.error?.again));
    return result;
}
