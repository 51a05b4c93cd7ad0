// bundle.ts - what this phone holds of an area: asked for whole once, then only what changed at its doors.
//
// The parts are the server's questions by their names.  Rows of doors come anew
// for the doors an answer touches; parts with a tag stand until another comes.
import { get, Trouble } from "./api";
import { holder } from "./box";
import { resume } from "./session";
import { done, within } from "./store";
import { shared, type Kept } from "./sync";

type Row = Record<string, unknown>;
interface Table {
    columns: string[];
    rows: unknown[][];
    ids: number[]; // columns that hold places in the answer's ids
}
interface Answer {
    cursor: string;
    whole: boolean;
    touched: string[]; // doors
    tags: Record<string, string>;
    parts: Record<string, Table | Row>;
    ids: string[];
}
export interface Held {
    cursor: string;
    tags: Record<string, string>;
    parts: Record<string, Row[] | Row>;
}

function open(part: Table | Row, ids: string[]): Row[] | Row {
    if (!Array.isArray(part.columns)) return part as Row;
    const { columns, rows, ids: places } = part as Table;
    return rows.map((row) => {
        if (row.length !== columns.length) throw row;
        const map: Row = {};
        row.forEach((v, i) => (map[columns[i]!] = v !== null && places.includes(i) ? ids[v as number] : v));
        return map;
    });
}
/** Throws what it cannot make sense of. */
function merge(old: Held | undefined, { cursor, whole, touched, tags, parts, ids }: Answer): Held {
    if (typeof cursor !== "string" || !(whole || old)) throw cursor;
    const gone = new Set(touched.slice());
    const now: Held["parts"] = {};
    for (const name of new Set([...Object.keys(old?.parts ?? {}), ...Object.keys(parts)])) {
        const came = parts[name] && open(parts[name]!, ids);
        const had = old?.parts[name];
        if (name in tags) now[name] = (came ?? had)!;
        else if (whole) now[name] = came!;
        else now[name] = [...(had as Row[]).filter((row) => !gone.has(String(row.door))), ...((came as Row[]) ?? [])];
        if (!now[name]) throw name;
    }
    return { cursor, tags, parts: now };
}

/** Kept under its area; asking again brings what changed. An answer that cannot be read changes nothing. */
export function bundle(area: string): Kept<Held> {
    const name = `bundle:${area}`;
    return shared<Held>(name, async (old) => {
        try {
            const tags = old && Object.values(old.tags).join();
            return merge(old, await get<Answer>("/api/bundle", { area, since: old?.cursor, tags }));
        } catch (e) {
            if (!(e instanceof Trouble)) throw new Trouble("net.odd");
            if (e.status === 403) void resume(); // another's now: what we answer for is told anew
            throw e;
        }
    });
}
/** A phone holds its own areas only: what is kept under another's name is forgotten. */
export async function forgetOthers(areas: string[]): Promise<void> {
    await within(["kept"], async (store) => {
        for (const key of await done(store("kept").getAllKeys(IDBKeyRange.bound(`${holder}|`, `${holder}|\uffff`)))) {
            const area = String(key).split(":")[1];
            if (area && !areas.includes(area)) store("kept").delete(key);
        }
    });
}
