// heads.ts - what the server answered is remembered and asked for again: a ledger changed behind our back is a fork.
//
// Of each ledger two answered positions are kept with their digests: the one
// that held when it was last asked for, and the newest.  Both are asked for at
// every start and whenever the network comes back.  After a restore the store
// has another incarnation: what was not yet in a backup may be gone then.  The
// outbox offers it again, the screen says so, and only when it does not all
// come back is it reported like a fork: a new incarnation is no cover for a
// rewrite.  The database is one of its own, which signing out does not empty;
// it holds ids and digests.
import { openDB, type DBSchema, type IDBPDatabase } from "idb";
import { shallowRef, watch } from "vue";
import { ask, get, handIn, reach, Trouble, type Draft, type Result } from "./api";
import { newId } from "./id";
import { cameBack, forgetSafe } from "./offer";
import { session, type Session } from "./session";

interface Place {
    area: string;
    id?: string; // of the record
    household?: string; // by which a centre head may ask and report
    position: number;
    digest: string;
    at: number; // when it was answered
}
interface Head {
    ledger: string;
    incarnation: string;
    safe: number; // up to here it was in a backup, as the server said
    held: Place;
    last: Place;
}
/** Evidence: what was answered then, and what is now. */
export interface Fork extends Place {
    ledger: string;
    incarnation: string;
    found: string | null; // the digest now; null: there is nothing at that position
    seen_at: number;
    report: string; // id of the record that tells of it
    reported: boolean;
    restored?: boolean; // another store, and no backup had it
    safe: number;
    lost?: number; // of a restored one: how many answered records are known to be lost
    back?: boolean; // and they were all taken again
    read?: boolean; // and somebody has read it
}
interface Shape extends DBSchema {
    heads: { key: string; value: Head };
    forks: { key: [string, number]; value: Fork };
}

const OFTEN = 15 * 60_000; // while records are handed in, the past is asked for at least so often
const PATIENCE = 86_400_000; // so long may offered records wait before their loss is reported
export const forks = shallowRef<Fork[]>([]);
let opening: Promise<IDBPDatabase<Shape>> | undefined;
let looking: Promise<void> | undefined;
let lookedAt = 0;

function database(): Promise<IDBPDatabase<Shape>> {
    opening ??= openDB<Shape>("wangge.heads", 1, {
        upgrade(db) {
            db.createObjectStore("heads", { keyPath: "ledger" });
            db.createObjectStore("forks", { keyPath: ["ledger", "position"] });
        },
    });
    opening.catch(() => (opening = undefined));
    return opening;
}

/** Keeps the newest answer of each ledger. */
export async function remember(records: Draft[], results: Result[]): Promise<void> {
    const incarnation = session.value?.incarnation;
    if (!incarnation) return;
    const drafts = new Map(records.map((r) => [r.id, r]));
    const heads = await (await database()).getAll("heads");
    // First what was, so that the first answers of another store find their place.
    if (Date.now() - lookedAt > OFTEN || heads.some((h) => h.incarnation !== incarnation)) await look();
    const tx = (await database()).transaction("heads", "readwrite");
    for (const { id, ledger, position, digest, safe = 0 } of results) {
        const draft = drafts.get(id);
        if (!draft || !ledger || !position || !digest) continue;
        const household = draft.body.household as string | undefined;
        const last: Place = { area: draft.area, id, household, position, digest, at: Date.now() };
        const old = await tx.store.get(ledger);
        if (!old) await tx.store.put({ ledger, incarnation, safe, held: last, last });
        else if (old.incarnation === incarnation) await tx.store.put({ ...old, safe, last: old.last.position < position ? last : old.last });
    }
    await tx.done;
}

/** What stands at a place now: its digest, null when nothing does; undefined: it cannot be told. */
async function stands(head: Head, place: Place): Promise<string | null | undefined> {
    try {
        const [row] = await ask<{ ledger: string; digest: string }>("core/digest", { area: place.area, position: place.position });
        return row?.ledger === head.ledger ? row.digest : null;
    } catch (e) {
        if (e instanceof Trouble && (e.status === 403 || e.status === 404)) return undefined; // no longer ours to ask
        throw e;
    }
}

/** Asks for everything remembered; what does not hold becomes evidence, is said on the screen and reported. */
export function look(): Promise<void> {
    looking ??= lookOnce().then(() => (looking = undefined));
    return looking;
}
async function lookOnce(): Promise<void> {
    if (!session.value) return;
    lookedAt = Date.now();
    try {
        const db = await database();
        for (const head of await db.getAll("heads")) {
            let good: Place | undefined;
            for (const place of head.held.position === head.last.position ? [head.last] : [head.held, head.last]) {
                const found = await stands(head, place);
                if (found === undefined || found === place.digest) good = place;
                else await keep(head, place, found);
            }
            const incarnation = session.value?.incarnation;
            if (!incarnation) return;
            const same = head.incarnation === incarnation;
            const now = await db.get("heads", head.ledger);
            if (now && good === head.last) await db.put("heads", { ...now, incarnation, safe: same ? now.safe : 0, held: good });
            else if (!same && good) await db.put("heads", { ledger: head.ledger, incarnation, safe: 0, held: good, last: good });
            else if (!same) await db.delete("heads", head.ledger); // nothing of it is left: it begins anew
        }
        await report();
        const incarnation = session.value?.incarnation;
        const heads = (await db.getAll("heads")).filter((h) => h.incarnation === incarnation);
        if (incarnation) await forgetSafe(incarnation, new Map(heads.map((h) => [h.ledger, h.safe])));
    } catch {
        // Without an answer nothing is known; the next start or network asks again.
    }
}

/** Puts the evidence aside. */
async function keep(head: Head, place: Place, found: string | null): Promise<void> {
    const db = await database();
    const now = await get<Session>("/api/session");
    if (session.value?.incarnation !== now.incarnation) session.value = now;
    const { ledger, safe } = head;
    const { incarnation } = now;
    const restored = incarnation !== head.incarnation && place.position > safe;
    const old = await db.get("forks", [ledger, place.position]);
    if (!old || (restored && old.incarnation !== incarnation))
        await db.put("forks", { ...place, ledger, incarnation, found, restored, safe, seen_at: Date.now(), report: newId(), reported: false });
    forks.value = await db.getAll("forks");
}
/** A restore was read of: it is not said again. What was written into the ledger stays there. */
export async function readRestored(): Promise<void> {
    const db = await database();
    for (const f of forks.value) if (f.restored && (f.back || f.reported)) await db.put("forks", { ...f, read: true });
    forks.value = await db.getAll("forks");
}

/** Into the ledger, for the auditor. Whoever rewrote it may drop this record, too: so the screen says it as well. */
async function report(): Promise<void> {
    const db = await database();
    for (const f of await db.getAll("forks")) {
        if (f.reported || f.back) continue;
        if (f.restored) {
            const { lost, back } = await cameBack(f);
            Object.assign(f, { lost, back });
            await db.put("forks", f);
            if (back || (back === undefined && Date.now() - f.seen_at < PATIENCE)) continue;
        }
        const body = { position: f.position, digest: f.digest, found: f.found ?? undefined, household: f.household };
        const [result] = await handIn([{ id: f.report, type: "core.fork", area: f.area, at: f.seen_at, body }]);
        if (!result || result.status === "refused") continue;
        await db.put("forks", { ...f, reported: true });
    }
    forks.value = await db.getAll("forks");
}

/** Shows what is known, and looks at every start and whenever the network comes back. */
export function openHeads(): void {
    void database()
        .then(async (db) => (forks.value = await db.getAll("forks")))
        .catch(() => undefined);
    // Each answer to an offered record says more.
    if (typeof BroadcastChannel !== "undefined")
        new BroadcastChannel("wangge.outbox").onmessage = () =>
            looking || !forks.value.some((f) => f.restored && !f.back && !f.reported) || void report().catch(() => undefined);
    watch([reach, () => session.value?.worker, () => session.value?.incarnation], () => reach.value === "yes" && void look(), { immediate: true });
}
