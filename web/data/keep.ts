// keep.ts - writes to the outbox: keeps records, changes how they stand, makes room.
//
// put() resolves when the record is in the database, and only then may a
// screen say "saved".  A refused one waits to be mended or set aside.
import { Trouble, type Draft } from "./api";
import { able, box, type Bytes } from "./box";
import { changed, contents, parcels, send } from "./outbox";
import { askToStay, done, recall, within, type Content, type Row, type Stored } from "./store";
import { session } from "./session";
import { typing } from "./typing";

export interface About {
    village: string;
    title: string;
    late?: boolean; // sent after what is not
}
/** Keeps records, in order, in one transaction; takes the place of `instead` when a refused one was mended. */
export async function put(records: Draft[], about: About, instead?: string): Promise<void> {
    const who = session.value;
    if (!who) throw new Trouble("session.none");
    const mended = parcels.value.find((p) => p.id === instead);
    const whom = mended ? undefined : typing.value;
    const whose = mended?.record.for ?? whom?.worker;
    const title = mended?.title ?? (whom ? `${about.title} · ${whom.label}` : about.title);
    // Encrypted before the transaction is begun: it would not wait.
    const made = await Promise.all(
        records.map(async (r) => {
            const content: Content = { record: JSON.parse(JSON.stringify({ ...r, for: whose })), title };
            if (!able) return { id: r.id, content, kept: content };
            const [shut, office] = await Promise.all([box(r.id, content), forOffice(content)]);
            return { id: r.id, content, kept: { box: shut, office } };
        }),
    );
    const { worker, name: maker } = who;
    const write = () => within(["outbox"], async (store) => {
        const last = await done(store("outbox").index("seq").openCursor(null, "prev"));
        let seq: number = last?.value.seq ?? 0;
        for (const { id, kept } of made)
            await done(store("outbox").add({ id, seq: ++seq, worker, maker, village: about.village, late: about.late, state: "waiting", tries: 0, ...kept }));
        if (instead) store("outbox").delete(instead);
    });
    await write().catch(async (e) => {
        if (e?.name !== "QuotaExceededError") throw e;
        // Full: what was delivered makes room, what is unsent never does.
        await dropSent().catch(() => undefined);
        await write().catch((again) => Promise.reject(again?.name === "QuotaExceededError" ? new Trouble("outbox.full") : again));
    });
    if (able) for (const { id, content } of made) contents.set(id, content);
    await changed();
    askToStay();
    send(true);
}
/** Delivered records are forgotten, all of them. */
export async function dropSent(): Promise<void> {
    await within(["outbox"], async (store) => {
        for (const row of await done<Stored[]>(store("outbox").getAll())) if (row.state === "sent") store("outbox").delete(row.id);
    });
}
const MARGIN = 20_000_000; // bytes
/** Whether little room is left for this page; delivered records go then. */
export async function nearlyFull(): Promise<boolean> {
    const { quota = Infinity, usage = 0 } = (await navigator.storage?.estimate?.().catch(() => undefined)) ?? {};
    if (quota - usage > MARGIN) return false;
    await dropSent();
    await changed();
    return true;
}
let sealing: Promise<((text: string) => Promise<Bytes>) | undefined> | undefined;
/** Makes ready to seal for the office; nothing where this device was told no key. Again after a sign-in. */
export function readySeal(): void {
    sealing = (async () => {
        const device = (await recall<{ device: string; key: string }>("device"))?.value;
        const office = session.value?.office;
        return device && office ? (await import("./parcel")).sealer({ ...device, office }) : undefined;
    })().catch(() => undefined);
}
async function forOffice({ record }: Content): Promise<Bytes | undefined> {
    if (!sealing) readySeal();
    const seal = await sealing;
    if (!seal) sealing = undefined; // tried again with the next
    return seal?.(JSON.stringify(record)).catch(() => undefined);
}
/** Changes rows as they stand in the database. */
export async function update(ids: string[], change: (p: Row) => void): Promise<void> {
    await within(["outbox"], async (store) => {
        for (const id of ids) {
            const row = await done<Stored | undefined>(store("outbox").get(id));
            if (!row) continue;
            change(row);
            store("outbox").put(row);
        }
    });
    await changed();
}
/** Refused for good, but never thrown away: it stays in the list under "set aside". */
export async function setAside(id: string): Promise<void> {
    await update([id], (p) => (p.state = "aside"));
    send(true); // that it does not wait any more
}
export async function sendAgain(id: string): Promise<void> {
    await update([id], (p) => {
        p.state = "waiting";
        p.after = undefined;
    });
    send(true);
}
