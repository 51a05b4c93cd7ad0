// store.ts - the local database, and with outbox.ts, offer.ts and vault.ts the only code that touches it.
//
// `outbox` holds records made here; `kept` the last answers, for work without
// a network; `vaults` the workers of this phone, their data keys under their
// PINs.  What is known of residents is in boxes (box.ts).  Signing out empties
// `kept`; nothing but delivery empties `outbox`.
import type { Draft, Result } from "./api";
import { box, holder, unbox, type Bytes } from "./box";

/** What shows without the PIN: whose, how many, in which order. */
export interface Row {
    id: string; // the record's
    seq: number; // order of making
    worker: string; // who made it: only their session sends it
    maker: string; // their name, for the list
    village: string; // order is promised within one
    late?: boolean; // heavy: sent when nothing else is due, one at a time
    state: "waiting" | "sent" | "refused" | "aside";
    tries: number;
    after?: number; // not before (ms)
    error?: { key: string; field?: string };
    sent_at?: number;
    answer?: Result; // the last acknowledgement,
    incarnation?: string; // and which store gave it
    offered?: string; // to which store it was offered again after a restore
    box?: Bytes; // Content
    office?: Bytes; // the copy sealed for the office, made with the record: it outlives the key
}
export interface Content {
    record: Draft;
    title: string; // what it is about, in the words of the list it was made from
}
export type Parcel = Row & Content;

/** A worker of this phone. No PIN yet, or none any more: no `wrapped`. */
export interface Vault {
    worker: string;
    account: string;
    name: string;
    at: number; // last here
    contact: number; // last answer of the server to this worker
    out: boolean; // signed out, or told to be
    salt?: Bytes;
    rounds?: number; // of PBKDF2, as this phone could
    wrapped?: Bytes; // the data key, in a box under the PIN's
    wrong: number; // PINs in a row
    wait: number; // no further try before (ms)
}
/** Rows of version 1, and of a phone that cannot encrypt, have their content in the clear. */
export type Stored = Row & Partial<Content>;
export interface Kept {
    key: string; // whose|what
    at: number;
    box?: Bytes;
    value?: unknown; // of version 1
}

// Plain IndexedDB: a wrapper for all of it would weigh on the phone's first load.
export const done = <T>(asked: IDBRequest<T>) =>
    new Promise<T>((ok, no) => {
        asked.onsuccess = () => ok(asked.result);
        asked.onerror = () => no(asked.error);
    });
let opening: Promise<IDBDatabase> | undefined;
export function database(): Promise<IDBDatabase> {
    opening ??= new Promise<IDBDatabase>((ok, no) => {
        const asked = indexedDB.open("wangge", 2);
        asked.onupgradeneeded = (e) => {
            const db = asked.result;
            if (e.oldVersion < 1) {
                db.createObjectStore("outbox", { keyPath: "id" }).createIndex("seq", "seq");
                db.createObjectStore("kept", { keyPath: "key" });
            }
            db.createObjectStore("vaults", { keyPath: "worker" });
        };
        asked.onsuccess = () => {
            const db = asked.result;
            // A newer page wants to upgrade: let go, and open again when something is asked.
            db.onversionchange = () => (db.close(), (opening = undefined));
            db.onclose = () => (opening = undefined);
            ok(db);
        };
        asked.onerror = () => no(asked.error);
    });
    opening.catch(() => (opening = undefined));
    return opening;
}
type Stores = (name: "outbox" | "kept" | "vaults") => IDBObjectStore;
/** Work in one transaction; resolves when it is on disk. It may wait for nothing but the database. */
export async function within<T>(stores: string[], work: (store: Stores) => Promise<T>): Promise<T> {
    const tx = (await database()).transaction(stores, "readwrite", { durability: "strict" });
    const end = new Promise<void>((ok, no) => {
        tx.oncomplete = () => ok();
        tx.onabort = () => no(tx.error);
    });
    try {
        const result = await work((name) => tx.objectStore(name));
        await end;
        return result;
    } catch (e) {
        end.catch(() => undefined);
        try {
            tx.abort();
        } catch {
            /* it has ended itself */
        }
        throw e;
    }
}
export const look = async <T>(store: string, key: string): Promise<T | undefined> =>
    done<T | undefined>((await database()).transaction(store).objectStore(store).get(key));
export const all = async <T>(store: string): Promise<T[]> => done<T[]>((await database()).transaction(store).objectStore(store).getAll());

const memory = new Map<string, { at: number; value: unknown }>(); // where nothing may be put on disk
export const keep = (key: string, value: unknown): Promise<void> => keepAll([[key, value]]);
export async function keepAll(rows: [key: string, value: unknown][]): Promise<void> {
    const at = Date.now();
    const whose = holder;
    if (!whose) {
        for (const [key, value] of rows) memory.set(key, { at, value });
        return;
    }
    const shut = await Promise.all(rows.map(async ([name, value]) => ({ key: `${whose}|${name}`, at, box: await box(`${whose}|${name}`, value) })));
    await within(["kept"], async (store) => shut.forEach((row) => store("kept").put(row)));
}
export async function recall<T>(key: string): Promise<{ at: number; value: T } | undefined> {
    if (!holder) return memory.get(key) as { at: number; value: T } | undefined;
    const name = `${holder}|${key}`;
    const row = await look<Kept>("kept", name).catch(() => undefined);
    const value = row?.box && (await unbox<T>(name, row.box));
    return value === undefined ? undefined : { at: row!.at, value };
}
/** The lists of one worker; with `whole` also who they are and what their device marks with. */
export async function forgetKept(worker: string, whole = true): Promise<void> {
    memory.clear();
    await within(["kept"], async (store) => {
        for (const key of await done(store("kept").getAllKeys(IDBKeyRange.bound(`${worker}|`, `${worker}|\uffff`))))
            if (whole || !/\|(session|device)$/.test(String(key))) store("kept").delete(key);
    });
}
/** Notes who is here, or that they were told to go. */
export async function noteWorker({ worker, account, name }: Pick<Vault, "worker" | "account" | "name">, out = false): Promise<Vault> {
    return within(["vaults"], async (store) => {
        const now = Date.now();
        const old = await done<Vault | undefined>(store("vaults").get(worker));
        const vault = { wrong: 0, wait: 0, contact: now, ...old, worker, account, name, at: now, out };
        if (!out) vault.contact = now;
        store("vaults").put(vault);
        return vault;
    });
}
export async function noteContact(worker: string, at: number): Promise<void> {
    await within(["vaults"], async (store) => {
        const vault = await done<Vault | undefined>(store("vaults").get(worker));
        if (vault && vault.contact < at) store("vaults").put({ ...vault, contact: at });
    });
}
/** The workers of this phone, the last one first. */
export const workers = async () => (await all<Vault>("vaults")).sort((a, b) => b.at - a.at);
/** Asks the browser not to throw the database away when space is short. */
export function askToStay(): void {
    void navigator.storage?.persist?.().catch(() => false);
}
