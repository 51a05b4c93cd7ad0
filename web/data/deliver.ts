// deliver.ts - how records leave: in the order they were made, village by village.
//
// They go in batches that carry this device's clock and are repeated under the
// same id until each is answered.  Only the maker's own session sends a
// record.  What one store acknowledged is offered to the next, should the
// server come back with another: a restore may have lost it.
// Each batch says what else waits here, refused ones too, so that the village
// may call; when answers changed that, it is said once more.
import { handIn, Trouble, type Left, type Result } from "./api";
import { update } from "./keep";
import { carried, mine, parcels, readOutbox, stopped, type Parcel } from "./outbox";
import { handInParcels, portion, toBase64 } from "./parcel";
import { confirmed, session } from "./session";

const BATCH = 40;
const WAITS = [2, 4, 8, 15, 30, 60];
let fails = 0;

let told: string | undefined; // what this page said last of what waits, and as whom
const asTold = (left: Left) => `${session.value?.worker} ${left.left} ${left.oldest}`;
/** What waits of the worker's own, but for a batch on its way. */
function leftOver(batch: Parcel[] = []): Left {
    const own = parcels.value.filter((p) => mine(p) && (p.state === "waiting" || p.state === "refused") && !batch.includes(p));
    return { left: own.length, oldest: own.length ? Math.min(...own.map((p) => p.record.at)) : undefined };
}
async function tellLeft(): Promise<void> {
    const left = leftOver();
    if (asTold(left) === told || (!told && !left.left)) return;
    await confirmed();
    await handIn([], left);
    told = asTold(left);
}

/** Resolves to the seconds until the next attempt, or nothing when there is none to make. */
export async function sendAll(): Promise<number | undefined> {
    try {
        if (parcels.value.some((p) => p.state === "waiting" && mine(p)) || carried().length) await confirmed();
        for (;;) {
            await offerAgain();
            const due = dueBatch();
            if (due.length === 0) break;
            await deliver(due);
            fails = 0;
            stopped.value = undefined;
        }
        await carry();
        await tellLeft();
    } catch (e) {
        stopped.value = e instanceof Trouble ? e : new Trouble("page.broken");
        if (stopped.value.status === 401) return undefined;
        const wait = Math.max(WAITS[Math.min(fails++, WAITS.length - 1)]!, stopped.value.after);
        return wait;
    }
    const later = parcels.value.filter((p) => p.state === "waiting" && mine(p)).map((p) => p.after ?? 0);
    return later.length ? Math.max(1, (Math.min(...later) - Date.now()) / 1000) : undefined;
}
/** Another incarnation is another store. All go back before anything is sent, so that a village keeps its order; what is there is `repeated`. */
async function offerAgain(): Promise<void> {
    await readOutbox();
    const now = session.value?.incarnation;
    const foreign = parcels.value.filter((p) => now && p.state === "sent" && p.incarnation !== now);
    if (!foreign.length) return;
    await update(
        foreign.map((p) => p.id),
        (p) => p.state === "sent" && Object.assign(p, { state: "waiting", tries: 0, offered: now }),
    );
}
/**
 * The oldest waiting records of the village whose turn it is; when none is due, a late one. One that must wait holds back its village,
 * not the others; a late one nobody.
 */
function dueBatch(): Parcel[] {
    const now = Date.now();
    const waiting = parcels.value.filter((p) => p.state === "waiting" && mine(p));
    const held = new Set(waiting.filter((p) => !p.late && (p.after ?? 0) > now).map((p) => p.village));
    const due = waiting.filter((p) => !held.has(p.village) && (p.after ?? 0) <= now);
    const first = due.find((p) => !p.late);
    return first ? due.filter((p) => p.village === first.village && !p.late).slice(0, BATCH) : due.slice(0, 1);
}

async function deliver(batch: Parcel[]): Promise<void> {
    let results: Result[];
    const incarnation = session.value?.incarnation; // of before: an answer of an older store is offered once too often, never too seldom
    const left = leftOver(batch);
    try {
        results = await handIn(
            batch.map((p) => p.record),
            left,
        );
        told = asTold(left);
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
    await settle(answered, incarnation);
}
/** What becomes of records by their answers. */
async function settle(answered: Map<string, Result>, incarnation: string | undefined): Promise<void> {
    await update([...answered.keys()], (parcel) => {
        const result = answered.get(parcel.id)!;
        if (parcel.state !== "waiting") return;
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
    });
}
/** Sealed ones of others, in the order of making; each is its maker's, whoever brings it. */
async function carry(): Promise<void> {
    const due = carried().filter((p) => (p.after ?? 0) <= Date.now()).sort((a, b) => Number(!!a.late) - Number(!!b.late));
    if (!due.length) return;
    const incarnation = session.value?.incarnation;
    const results = await handInParcels(portion(due.map((p) => toBase64(p.office!))), leftOver());
    await settle(new Map(due.flatMap((p, i) => (results[i] ? [[p.id, { ...results[i], id: p.id }]] : []))), incarnation);
}
/** A file's parcels: how many are in the store by it, how many were there, and why others are not. */
export async function handInFile(parcels: string[]): Promise<{ taken: number; there: number; refused: Result[] }> {
    const refused: Result[] = [];
    let taken = 0;
    let there = 0;
    for (let at = 0; at < parcels.length; ) {
        const part = portion(parcels.slice(at));
        const results = await handInParcels(part);
        at += part.length;
        taken += results.filter((r) => r.status === "stored").length;
        there += results.filter((r) => r.status === "repeated").length;
        refused.push(...results.filter((r) => r.status === "refused"));
        await settle(new Map(results.filter((r) => r.id && r.status !== "refused").map((r) => [r.id, r])), session.value?.incarnation);
    }
    return { taken, there, refused };
}
