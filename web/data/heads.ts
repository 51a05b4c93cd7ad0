// heads.ts - what the server answered is remembered and asked for again: a ledger changed behind our back is a fork.
//
// Of each ledger two answered positions are kept with their digests: the one
// that held when it was last asked for, and the newest.  Both are asked for at
// every start and whenever the network comes back.  After a restore the store
// has another incarnation: what was not yet in a backup may be gone then, and
// is no fork.  The database is one of its own, which signing out does not
// empty; it holds ids and digests.
import { openDB, type DBSchema, type IDBPDatabase } from "idb";
import { shallowRef, watch } from "vue";
import { ask, get, handIn, reach, Trouble, type Draft, type Result } from "./api";
import { newId } from "./id";
import { session, type Session } from "./session";

interface Place {
    area: string;
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
}
interface Shape extends DBSchema {
    heads: { key: string; value: Head };
    forks: { key: [string, number]; value: Fork };
}

const OFTEN = 15 * 60_000; // while records are handed in, the past is asked for at least so often
export const forks = shallowRef<Fork[]>([]);
let opening: Promise<IDBPDatabase<Shape>> | undefined;
let looking = false;
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
    const tx = (await database()).transaction("heads", "readwrite");
    for (const { id, ledger, position, digest, safe = 0 } of results) {
        const draft = drafts.get(id);
        if (!draft || !ledger || !position || !digest) continue;
        const household = draft.body.household as string | undefined;
        const last: Place = { area: draft.area, household, position, digest, at: Date.now() };
        const old = await tx.store.get(ledger);
        if (!old) await tx.store.put({ ledger, incarnation, safe, held: last, last });
        else if (old.incarnation === incarnation && old.last.position < position) await tx.store.put({ ...old, safe, last });
    }
    await tx.done;
    if (Date.now() - lookedAt > OFTEN) await look();
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
export async function look(): Promise<void> {
    if (looking || !session.value) return;
    looking = true;
    lookedAt = Date.now();
    try {
        const db = await database();
        for (const head of await db.getAll("heads")) {
            const { incarnation } = session.value;
            let holds = true;
            for (const place of head.held.position === head.last.position ? [head.last] : [head.held, head.last]) {
                const found = await stands(head, place);
                if (found === undefined || found === place.digest) continue;
                holds = false;
                await keep(head, place, found);
            }
            const now = await db.get("heads", head.ledger);
            if (holds && now) await db.put("heads", { ...now, incarnation, held: head.last });
            else if (head.incarnation !== incarnation) await db.delete("heads", head.ledger); // restored: it begins anew
        }
        await report();
    } catch {
        // Without an answer nothing is known; the next start or network asks again.
    } finally {
        looking = false;
    }
}

/** Puts the evidence aside, unless the store was restored and the place was in no backup. */
async function keep(head: Head, place: Place, found: string | null): Promise<void> {
    const db = await database();
    const { incarnation } = await get<Session>("/api/session");
    if (incarnation !== head.incarnation && place.position > head.safe) return;
    if (!(await db.get("forks", [head.ledger, place.position])))
        await db.put("forks", { ...place, ledger: head.ledger, incarnation, found, seen_at: Date.now(), report: newId(), reported: false });
    forks.value = await db.getAll("forks");
}

/** Into the ledger, for the auditor. Whoever rewrote it may drop this record, too: so the screen says it as well. */
async function report(): Promise<void> {
    const db = await database();
    for (const f of await db.getAll("forks")) {
        if (f.reported) continue;
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
    watch([reach, () => session.value?.worker], () => reach.value === "yes" && void look(), { immediate: true });
}
