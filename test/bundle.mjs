// bundle.mjs - a phone's side of GET /api/bundle: reads an answer, keeps what stands.
import { gunzipSync } from "node:zlib";
import { get } from "node:http";
import { newId } from "./program.mjs";

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

// A block below a grid that holds exactly a hundred households of the made city; doors stay whole.
export async function hundred(office, grid) {
    const area = `${grid}99`, doors = new Map();
    const must = async (records) => {
        const { results } = await office.post(records.map(([type, at, body]) => ({ id: newId(), type, area: at, at: Date.now(), body })));
        if (results.some((r) => r.status !== "stored")) throw new Error(JSON.stringify(results));
    };
    for (const h of await office.ask("household/list", { area: grid })) if (h.household) doors.set(h.door, (doors.get(h.door) ?? 0) + 1);
    const taken = [];
    let households = 0;
    for (const [door, n] of doors) if (households + n <= 100) taken.push(door), households += n;
    await must([["area.open", grid, { code: area, name: "百户", level: 6 }]]);
    await must(taken.map((door, i) => ["household.door", area, { door, order: i, use: "self" }]));
    return area;
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
