// outbox.ts - records made on this device, until the server has them on disk.
//
// put() resolves when the record is in the database, and only then may a
// screen say "saved".  How records leave is in deliver.ts; a refused one waits
// to be mended or set aside.  When one may be forgotten, offer.ts says.
// What a record says is in a box of its maker's key; whose it is, its place in
// the order and how it stands are not, so that they show without the PIN.
import { computed, ref, shallowRef } from "vue";
import { Trouble, type Draft } from "./api";
import { able, box, holder, unbox, type Bytes } from "./box";
import { all, askToStay, done, recall, within, type Content, type Parcel, type Row, type Stored } from "./store";
import { session } from "./session";

export type { Parcel } from "./store";

export const parcels = shallowRef<Parcel[]>([]); // that can be read now, in the order of making
export const shut = shallowRef<Row[]>([]); // of other workers of this phone, or of a key that is gone
const isUnsent = (p: Row) => p.state === "waiting" || p.state === "refused";
export const shutUnsent = computed(() => shut.value.filter(isUnsent));
export const unsent = computed(() => parcels.value.filter(isUnsent).length + shutUnsent.value.length);
export const sending = ref(false);
export const stopped = shallowRef<Trouble>(); // why the last round ended early

let loaded: Promise<void> | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
const channel = typeof BroadcastChannel === "undefined" ? undefined : new BroadcastChannel("wangge.outbox");

const contents = new Map<string, Content>(); // of boxes that were opened: a record never changes
export async function readOutbox(): Promise<void> {
    const rows = (await all<Stored>("outbox")).sort((a, b) => a.seq - b.seq);
    const read = await Promise.all(
        rows.map(async ({ record, title, ...row }) => {
            let content = contents.get(row.id) ?? (record && { record, title: title ?? "" });
            if (!content && row.box && row.worker === holder) content = await unbox<Content>(row.id, row.box);
            if (content && row.box) contents.set(row.id, content);
            return { row, content };
        }),
    );
    parcels.value = read.flatMap(({ row, content }) => (content ? [{ ...row, ...content }] : []));
    shut.value = read.flatMap(({ row, content }) => (content ? [] : [row]));
}
/** Reads what is waiting, and begins to send. */
export function openOutbox(): Promise<void> {
    loaded ??= (async () => {
        await readOutbox();
        channel?.addEventListener("message", () => void readOutbox());
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
}
/** Keeps records, in order, in one transaction; takes the place of `instead` when a refused one was mended. */
export async function put(records: Draft[], about: About, instead?: string): Promise<void> {
    const who = session.value;
    if (!who) throw new Trouble("session.none");
    // Encrypted before the transaction is begun: it would not wait.
    const made = await Promise.all(
        records.map(async (r) => {
            const content: Content = { record: JSON.parse(JSON.stringify(r)), title: about.title };
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
            await done(store("outbox").add({ id, seq: ++seq, worker, maker, village: about.village, state: "waiting", tries: 0, ...kept }));
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
async function changed(): Promise<void> {
    await readOutbox();
    channel?.postMessage(0);
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

/** Begins to send. `now` does not wait for the pause after a failure. */
export function send(now = false): void {
    if (sending.value || (timer && !now)) return;
    clearTimeout(timer);
    timer = undefined;
    if (!parcels.value.some(mine) && !carried().length) return;
    sending.value = true;
    void locked(deliver)
        .finally(() => (sending.value = false))
        .then((again) => {
            if (again !== undefined && !timer) timer = setTimeout(() => ((timer = undefined), send()), again * 1000);
        });
}
/** Fetched when there is something to deliver. */
const deliver = () =>
    import("./deliver").then(
        (m) => m.sendAll(),
        () => 30,
    );
/** One page sends at a time where the browser has locks; where it has none, repeating is harmless. */
async function locked<T>(work: () => Promise<T>): Promise<T | undefined> {
    if (!navigator.locks) return work();
    return navigator.locks.request("wangge.outbox", { ifAvailable: true }, (lock) => (lock ? work() : undefined));
}
export const mine = (p: Row) => p.worker === session.value?.worker;
/** What others of this phone could not send, sealed: whoever is signed in brings it along. */
export const carried = () => (session.value ? shut.value.filter((p) => p.state === "waiting" && p.office) : []);
