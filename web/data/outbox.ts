// outbox.ts - records made on this device, until the server has them on disk.
//
// put() resolves when the record is in the database, and only then may a
// screen say "saved".  Records leave in the order they were made, village by
// village, in batches that carry this device's clock; they are repeated under
// the same id until each is answered.  A refused one waits to be mended or set
// aside.  Only the maker's own session sends a record.  What one store
// acknowledged is offered to the next, should the server come back with
// another: a restore may have lost it.  When it may be forgotten, offer.ts says.
import { computed, ref, shallowRef } from "vue";
import { handIn, Trouble, type Draft, type Result } from "./api";
import { database, type Parcel } from "./store";
import { session } from "./session";

export type { Parcel } from "./store";

const BATCH = 40;
const WAITS = [2, 4, 8, 15, 30, 60];

export const parcels = shallowRef<Parcel[]>([]); // in the order of making
export const unsent = computed(() => parcels.value.filter((p) => p.state === "waiting" || p.state === "refused").length);
export const sending = ref(false);
export const stopped = shallowRef<Trouble>(); // why the last round ended early

let loaded: Promise<void> | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
let fails = 0;
const channel = typeof BroadcastChannel === "undefined" ? undefined : new BroadcastChannel("wangge.outbox");

async function read(): Promise<void> {
    const db = await database();
    parcels.value = await db.getAllFromIndex("outbox", "seq");
}
/** Reads what is waiting, and begins to send. */
export function openOutbox(): Promise<void> {
    loaded ??= (async () => {
        await read();
        channel?.addEventListener("message", () => void read());
        addEventListener("online", () => send(true));
        document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && send(true));
        send(true);
    })();
    loaded.catch(() => (loaded = undefined));
    return loaded;
}

export interface About {
    village: string;
    title: string;
    slot?: string;
}
/** Keeps records, in order, in one transaction; takes the place of `instead` when a refused one was mended. */
export async function put(records: Draft[], about: About, instead?: string): Promise<void> {
    const who = session.value;
    if (!who) throw new Trouble("session.none");
    const db = await database();
    const tx = db.transaction("outbox", "readwrite", { durability: "strict" });
    const lastCursor = await tx.store.index("seq").openCursor(null, "prev");
    let seq = lastCursor?.value.seq ?? 0;
    for (const record of records)
        await tx.store.add({
            id: record.id,
            seq: ++seq,
            worker: who.worker,
            maker: who.name,
            village: about.village,
            record: JSON.parse(JSON.stringify(record)),
            title: about.title,
            slot: about.slot,
            state: "waiting",
            tries: 0,
        });
    if (instead) await tx.store.delete(instead);
    await tx.done;
    await changed();
    send(true);
}
async function changed(): Promise<void> {
    await read();
    channel?.postMessage(0);
}
async function update(id: string, change: (p: Parcel) => void): Promise<void> {
    const tx = (await database()).transaction("outbox", "readwrite", { durability: "strict" });
    const parcel = await tx.store.get(id);
    if (parcel) {
        change(parcel);
        await tx.store.put(parcel);
    }
    await tx.done;
}
/** Refused for good, but never thrown away: it stays in the list under "set aside". */
export async function setAside(id: string): Promise<void> {
    await update(id, (p) => (p.state = "aside"));
    await changed();
}
export async function sendAgain(id: string): Promise<void> {
    await update(id, (p) => {
        p.state = "waiting";
        p.after = undefined;
    });
    await changed();
    send(true);
}

/** Begins to send. `now` does not wait for the pause after a failure. */
export function send(now = false): void {
    if (sending.value || (timer && !now)) return;
    clearTimeout(timer);
    timer = undefined;
    void locked(sendAll).then((again) => {
        if (again !== undefined && !timer) timer = setTimeout(() => ((timer = undefined), send()), again * 1000);
    });
}
/** One page sends at a time where the browser has locks; where it has none, repeating is harmless. */
async function locked<T>(work: () => Promise<T>): Promise<T | undefined> {
    if (!navigator.locks) return work();
    return navigator.locks.request("wangge.outbox", { ifAvailable: true }, (lock) => (lock ? work() : undefined));
}

/** Resolves to the seconds until the next attempt, or nothing when there is none to make. */
async function sendAll(): Promise<number | undefined> {
    sending.value = true;
    try {
        for (;;) {
            await offerAgain();
            const due = dueBatch();
            if (due.length === 0) break;
            await deliver(due);
            fails = 0;
            stopped.value = undefined;
        }
    } catch (e) {
        stopped.value = e instanceof Trouble ? e : new Trouble("page.broken");
        if (stopped.value.status === 401) return undefined;
        const wait = Math.max(WAITS[Math.min(fails++, WAITS.length - 1)]!, stopped.value.after);
        return wait;
    } finally {
        sending.value = false;
    }
    const later = parcels.value.filter((p) => p.state === "waiting" && mine(p)).map((p) => p.after ?? 0);
    return later.length ? Math.max(1, (Math.min(...later) - Date.now()) / 1000) : undefined;
}
/** Another incarnation is another store. All go back before anything is sent, so that a village keeps its order; what is there is `repeated`. */
async function offerAgain(): Promise<void> {
    await read();
    const now = session.value?.incarnation;
    const foreign = parcels.value.filter((p) => now && p.state === "sent" && p.incarnation !== now);
    if (!foreign.length) return;
    const tx = (await database()).transaction("outbox", "readwrite", { durability: "strict" });
    for (const p of foreign) await tx.store.put({ ...p, state: "waiting", tries: 0, offered: now });
    await tx.done;
    await changed();
}
const mine = (p: Parcel) => p.worker === session.value?.worker;

/** The oldest waiting records of the village whose turn it is. One that must wait holds back its village, not the others. */
function dueBatch(): Parcel[] {
    const now = Date.now();
    const waiting = parcels.value.filter((p) => p.state === "waiting" && mine(p));
    const held = new Set(waiting.filter((p) => (p.after ?? 0) > now).map((p) => p.village));
    const first = waiting.find((p) => !held.has(p.village));
    return first ? waiting.filter((p) => p.village === first.village).slice(0, BATCH) : [];
}

async function deliver(batch: Parcel[]): Promise<void> {
    let results: Result[];
    const incarnation = session.value?.incarnation; // of before: an answer of an older store is offered once too often, never too seldom
    try {
        results = await handIn(batch.map((p) => p.record));
    } catch (e) {
        // The whole body was refused: find the one that spoils it.
        const spoilt = e instanceof Trouble && e.status >= 400 && e.status < 500 && ![401, 408, 425, 429].includes(e.status);
        if (!spoilt) throw e;
        if (batch.length > 1) {
            for (const parcel of batch) await deliver([parcel]);
            return;
        }
        results = [{ id: batch[0]!.id, status: "refused", error: { key: e.key, field: e.field } }];
    }
    const answered = new Map(results.map((r) => [r.id, r]));
    if (!batch.some((p) => answered.has(p.id))) throw new Trouble("net.odd", 500);
    const tx = (await database()).transaction("outbox", "readwrite", { durability: "strict" });
    for (const { id } of batch) {
        const result = answered.get(id);
        const parcel = await tx.store.get(id);
        if (!result || !parcel || parcel.state !== "waiting") continue;
        parcel.tries++;
        if (result.status !== "refused") {
            parcel.state = "sent";
            parcel.sent_at = Date.now();
            parcel.error = undefined;
            parcel.answer = result;
            parcel.incarnation = incarnation;
        } else if (result.error?.again) {
            parcel.after = Date.now() + WAITS[Math.min(parcel.tries, WAITS.length - 1)]! * 1000;
            parcel.error = result.error;
        } else {
            parcel.state = "refused";
            parcel.error = result.error ?? { key: "net.odd" };
        }
        await tx.store.put(parcel);
    }
    await tx.done;
    await changed();
}
