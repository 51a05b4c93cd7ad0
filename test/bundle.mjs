// bundle.mjs - a phone's side of GET /api/bundle: reads an answer, keeps what stands.
import { gunzipSync } from "node:zlib";
import { get } from "node:http";

// A table's rows as maps, ids where they were places.
function rowsOf({ columns, rows, ids }, all) {
    return rows.map((row) => Object.fromEntries(row.map((v, i) => [columns[i], ids.includes(i) && v !== null ? all[v] : v])));
}
const isTable = (part) => Array.isArray(part?.columns);

// {part: rows, or the part as it came}
export const unpack = (answer) => Object.fromEntries(Object.entries(answer.parts)
    .map(([name, part]) => [name, isTable(part) ? rowsOf(part, answer.ids) : part]));

// What the phone holds after an answer: {cursor, tags, parts}.  Parts with a tag stand until another comes.
export function keep(held, answer) {
    const came = unpack(answer), touched = new Set(answer.touched), parts = {};
    for (const name of new Set([...Object.keys(held?.parts ?? {}), ...Object.keys(came)]))
        if (name in answer.tags) parts[name] = came[name] ?? held.parts[name];
        else if (answer.whole) parts[name] = came[name];
        else parts[name] = [...held.parts[name].filter((row) => !touched.has(row.door)), ...(came[name] ?? [])];
    return { cursor: answer.cursor, tags: answer.tags, parts };
}

// Two phones hold the same: rows in any order.
export function same(a, b) {
    const text = (parts) => JSON.stringify(Object.keys(parts).sort().map((name) =>
        [name, Array.isArray(parts[name]) ? parts[name].map((r) => JSON.stringify(r)).sort() : parts[name]]));
    return text(a.parts) === text(b.parts);
}

// Asks as a phone does; bytes: of the compressed body.
export const askBundle = (url, who, params) => new Promise((resolve, reject) => {
    const headers = { Authorization: `Bearer ${who.session.token}`, "Accept-Encoding": "gzip" };
    get(`${url}/api/bundle?${new URLSearchParams(params)}`, { headers }, (said) => {
        const chunks = [];
        said.on("data", (c) => chunks.push(c)).on("error", reject).on("end", () => {
            const body = Buffer.concat(chunks);
            const text = said.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
            resolve({ status: said.statusCode, bytes: body.length, answer: JSON.parse(text) });
        });
    }).on("error", reject);
});
