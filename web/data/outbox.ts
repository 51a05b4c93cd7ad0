// outbox.ts - records made on this device, until the server has them on disk.
//
// What is written into it is in keep.ts, how records leave in deliver.ts; when
// one may be forgotten, offer.ts says.
// What a record says is in a box of its maker's key; whose it is, its place in
// the order and how it stands are not, so that they show without the PIN.
import { computed, ref, shallowRef } from "vue";
import type { Trouble } from "./api";
import { holder, unbox } from "./box";
import { all, type Content, type Parcel, type Row, type Stored } from "./store";
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

export const contents = new Map<string, Content>(); // of boxes that were opened: a record never changes
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

/** Reads what was written, here and in the worker's other pages. */
export async function changed(): Promise<void> {
    await readOutbox();
    channel?.postMessage(0);
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
