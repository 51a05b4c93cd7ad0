// program.mjs - the program as tests from outside see it: started, asked, stopped, killed.
import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

export const wangge = (...args) =>
    execFileSync("build/wangge", args, { encoding: "utf8", maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "pipe"] });

// A copy of a made city, so that a test may spoil it; gone when the process ends.
export function borrow(city) {
    const folder = mkdtempSync(join(tmpdir(), "wangge."));
    if (city) cpSync(city, folder, { recursive: true });
    process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
    return { folder, store: `sqlite:${folder}/wangge.db` };
}
export const accounts = (city) => readFileSync(join(city, "accounts"), "utf8").trim().split("\n").map((l) => l.split(" "));

// Serves on a free port; resolves when it listens.
export async function serve(store, ...more) {
    const words = ["serve", "--listen", "127.0.0.1:0", "--store", store, ...more];
    const child = spawn("build/wangge", words, { stdio: ["ignore", "pipe", "inherit"] });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    process.once("exit", () => child.kill("SIGKILL"));
    let url;
    for await (const line of createInterface({ input: child.stdout })) {
        url ??= line.match(/^listening (\S+)/)?.[1];
        const trust = line.match(/^trust (\S+)/)?.[1];
        if (url && (trust || !words.includes("local"))) return { url, trust: trust && `${trust}/`, child, kill: (signal) => (child.kill(signal), ended) };
    }
    throw new Error("it ended before it listened");
}

// Somebody signed in.
export async function signIn(url, name, password) {
    const send = (path, body, headers) =>
        fetch(`${url}${path}`, { method: "POST", headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(body) });
    const session = await (await send("/api/session", { name, password })).json();
    if (!session.token) throw new Error(`${name} cannot sign in: ${JSON.stringify(session)}`);
    const headers = { Authorization: `Bearer ${session.token}` };
    return {
        session,
        async post(records) {
            const said = await send("/api/records", { records }, headers);
            return { status: said.status, ...(await said.json()) };
        },
        // All rows of a question, page after page.
        async ask(question, params = {}) {
            const rows = [];
            let cursor = null;
            do {
                const query = new URLSearchParams({ ...params, ...(cursor && { cursor }) });
                const said = await fetch(`${url}/api/${question}?${query}`, { headers });
                const page = await said.json();
                if (said.status !== 200) throw new Error(`${question}: ${said.status} ${JSON.stringify(page)}`);
                rows.push(...page.rows);
                cursor = page.next;
            } while (cursor);
            return rows;
        },
    };
}

// An id as a phone makes it: UUIDv7.
export function newId() {
    const bytes = randomBytes(16);
    bytes.writeUIntBE(Date.now(), 0, 6);
    bytes[6] = 0x70 | (bytes[6] & 15);
    bytes[8] = 0x80 | (bytes[8] & 63);
    return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
