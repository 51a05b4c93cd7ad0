// store.ts - the local database, and with outbox.ts and offer.ts the only code that touches it.
//
// `outbox` holds records made here; `kept` the last answers, for work without
// a network.  Signing out empties `kept`; nothing but delivery empties `outbox`.
import { openDB, type DBSchema, type IDBPDatabase } from "idb";
import type { Draft, Result } from "./api";

export interface Parcel {
    id: string; // the record's
    seq: number; // order of making
    worker: string; // who made it: only their session sends it
    maker: string; // their name, for the list
    village: string; // order is promised within one
    record: Draft;
    title: string; // what it is about, in the words of the list it was made from
    slot?: string; // household or door whose state it changes
    state: "waiting" | "sent" | "refused" | "aside";
    tries: number;
    after?: number; // not before (ms)
    error?: { key: string; field?: string };
    sent_at?: number;
    answer?: Result; // the last acknowledgement,
    incarnation?: string; // and which store gave it
    offered?: string; // to which store it was offered again after a restore
}
interface Shape extends DBSchema {
    outbox: { key: string; value: Parcel; indexes: { seq: number } };
    kept: { key: string; value: { key: string; at: number; value: unknown } };
}

let opening: Promise<IDBPDatabase<Shape>> | undefined;
export function database(): Promise<IDBPDatabase<Shape>> {
    opening ??= openDB<Shape>("wangge", 1, {
        upgrade(db) {
            db.createObjectStore("outbox", { keyPath: "id" }).createIndex("seq", "seq");
            db.createObjectStore("kept", { keyPath: "key" });
        },
        blocking(_now, _next, event) {
            // A newer page wants to upgrade: let go, and open again when something is asked.
            (event.target as IDBDatabase).close();
            opening = undefined;
        },
        terminated() {
            opening = undefined;
        },
    });
    opening.catch(() => (opening = undefined));
    return opening;
}

export async function keep(key: string, value: unknown): Promise<void> {
    // Vue's proxies cannot be cloned into the database; answers are plain JSON anyway.
    await (await database()).put("kept", { key, at: Date.now(), value: JSON.parse(JSON.stringify(value)) });
}
export async function keepAll(rows: [key: string, value: unknown][]): Promise<void> {
    const tx = (await database()).transaction("kept", "readwrite");
    const at = Date.now();
    for (const [key, value] of rows) void tx.store.put({ key, at, value: JSON.parse(JSON.stringify(value)) });
    await tx.done;
}
export async function recall<T>(key: string): Promise<{ at: number; value: T } | undefined> {
    const row = await (await database()).get("kept", key).catch(() => undefined);
    return row && { at: row.at, value: row.value as T };
}
export async function forgetKept(): Promise<void> {
    await (await database()).clear("kept");
}
/** Asks the browser not to throw the database away when space is short. */
export function askToStay(): void {
    void navigator.storage?.persist?.().catch(() => false);
}
