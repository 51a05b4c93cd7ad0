// pin.ts - a PIN is set: once in a phone's life for each worker, so it comes when it is wanted.
import { able, box, random, type Bytes } from "./box";
import { all, done, within, type Kept, type Stored, type Vault } from "./store";
import { PIN, useKey, wrap } from "./vault";

const TOOK = 250; // ms a PIN may cost on this phone
const LEAST = 60_000;
const MOST = 2_000_000;

/** One digit throughout, a row of them, or the same two or three again. */
export function weak(pin: string): boolean {
    const steps = [...pin].slice(1).map((d, i) => (Number(d) - Number(pin[i]) + 10) % 10);
    return (new Set(steps).size === 1 && [0, 1, 9].includes(steps[0]!)) || /^(..)\1\1$|^(...)\2$/.test(pin);
}
/** As many rounds as this phone does in the time a person waits without noticing. */
async function measure(): Promise<number> {
    const salt = random(16);
    const began = performance.now();
    await wrap("", "000000", new Uint8Array(32), salt, 50_000);
    const once = Math.max(1, performance.now() - began);
    return Math.round(Math.min(MOST, Math.max(LEAST, (50_000 * TOOK) / once)));
}
/**
 * A new data key under a new PIN, and what version 1 kept of this worker in the clear in boxes: all at once, so that
 * there is no moment in which a record is nowhere, or in the clear beside its box.
 */
export async function setPin(who: Vault, pin: string): Promise<void> {
    if (!able || pin.length !== PIN) throw new Error("pin");
    const { worker } = who;
    const raw = random(32);
    const salt = random(16);
    const rounds = await measure();
    const vault = { ...who, salt, rounds, wrapped: await wrap(worker, pin, raw, salt, rounds), wrong: 0, wait: 0, out: false, at: Date.now() };
    await useKey(worker, raw);
    const boxes = new Map<string, Bytes>();
    for (const { id, worker: whose, record, title } of await all<Stored>("outbox"))
        if (whose === worker && record) boxes.set(id, await box(id, { record, title }));
    const clear = (await all<Kept>("kept")).filter((r) => !r.box);
    const mine = (clear.find((r) => r.key === "session")?.value as { worker?: string } | undefined)?.worker === worker;
    const lists = mine ? clear.map(async ({ key, at, value }) => ({ key: `${worker}|${key}`, at, box: await box(`${worker}|${key}`, value) })) : [];
    const kept = await Promise.all(lists);
    await within(["vaults", "outbox", "kept"], async (store) => {
        for (const [id, shut] of boxes) {
            const row = await done<Stored | undefined>(store("outbox").get(id));
            if (!row) continue;
            const { record: _record, title: _title, ...rest } = row;
            delete (rest as { slot?: string }).slot; // version 1 had the household here
            store("outbox").put({ ...rest, box: shut });
        }
        for (const row of kept) store("kept").put(row);
        for (const { key } of clear) store("kept").delete(key);
        store("vaults").put(vault);
    });
}
