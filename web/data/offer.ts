// offer.ts - how long an acknowledged record is kept for a restore, and what became of those that were offered again.
//
// The server says with each answer how far its last finished backup goes.
// What lies behind that is kept a week, what lies before it for as long as
// the list shows it.  Apart from outbox.ts, so that the first page is light.
import { all, done, within, type Row } from "./store";

const DAY = 86_400_000;
const SHOWN = 3 * DAY;
const MOST = 7 * DAY;

/** Forgets what is in a backup; `safe` has the ledgers of this store only. What another store acknowledged is still to be offered. */
export async function forgetSafe(incarnation: string, safe: Map<string, number>): Promise<void> {
    await within(["outbox"], async (store) => {
        for (const { id, state, incarnation: whose, answer, sent_at = 0 } of await done<Row[]>(store("outbox").getAll())) {
            const age = Date.now() - sent_at;
            const kept = (answer?.position ?? 0) <= (safe.get(answer?.ledger ?? "") ?? 0);
            if (state === "sent" && whose === incarnation && age > (kept ? SHOWN : MOST)) store("outbox").delete(id);
        }
    });
}

export interface Lost {
    ledger: string;
    incarnation: string; // of the store that lost it
    position: number;
    safe: number;
    id?: string;
}
/** How many acknowledged records a restore lost, as far as this device knows; whether they all came back, undefined: not answered yet. */
export async function cameBack(f: Lost): Promise<{ lost: number; back?: boolean }> {
    const there = (p: Row) => p.state === "sent" && p.incarnation === f.incarnation;
    const rows = (await all<Row>("outbox")).filter(
        (p) => p.answer?.ledger === f.ledger && (p.offered === f.incarnation || p.incarnation !== f.incarnation),
    );
    const lost = rows.filter((p) => (there(p) ? p.answer!.status === "stored" : p.answer!.position! > f.safe)).length;
    const waiting = rows.some((p) => p.state === "waiting" || (p.state === "sent" && !there(p)));
    const whole = rows.some((p) => p.id === f.id) && rows.every(there);
    return { lost: Math.max(1, lost), back: waiting ? undefined : whole };
}
