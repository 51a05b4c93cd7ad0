// vault.ts - a worker's data key under their PIN.
//
// Wrong PINs wait longer and longer; the count is in the database before a PIN
// is tried, so that neither a reload nor a second page helps.  The tenth takes
// the key, the lists and what has been sent; what is unsent stays as it is.
import { bytesOf, boxWith, hold, unboxWith, type Bytes } from "./box";
import { done, forgetKept, look, within, workers, type Stored, type Vault } from "./store";

export const PIN = 6;
const WAITS = [0, 0, 5, 15, 30, 60, 120, 300, 600, 1800]; // seconds after so many wrong ones
const FORGET = 72 * 3_600_000; // lists without contact

async function pinKey(pin: string, salt: Bytes, iterations: number): Promise<CryptoKey> {
    const from = await crypto.subtle.importKey("raw", bytesOf(pin), "PBKDF2", false, ["deriveKey"]);
    const how = { name: "PBKDF2", hash: "SHA-256", salt, iterations };
    return crypto.subtle.deriveKey(how, from, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}
/** Puts a data key under a PIN. */
export async function wrap(worker: string, pin: string, raw: Bytes, salt: Bytes, rounds: number): Promise<Bytes> {
    return boxWith(await pinKey(pin, salt, rounds), worker, raw);
}
/** Takes a data key for the one that boxes are made with. */
export async function useKey(worker: string, raw: Bytes): Promise<void> {
    hold(await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]), worker);
    raw.fill(0);
}
/** Undefined: that was it. Otherwise how it stands with the vault now; without `wrapped` it has been emptied. */
export async function unlock(worker: string, pin: string): Promise<Vault | undefined> {
    let tried = false;
    const vault = await within(["vaults"], async (store) => {
        const v = await done<Vault | undefined>(store("vaults").get(worker));
        if (!v?.wrapped || v.wait > Date.now()) return v;
        tried = true;
        v.wrong++;
        v.wait = Date.now() + (WAITS[v.wrong] ?? 0) * 1000;
        store("vaults").put(v);
        return v;
    });
    if (!tried || !vault) return vault;
    const raw = await unboxWith(await pinKey(pin, vault.salt!, vault.rounds!), worker, vault.wrapped!).catch(() => undefined);
    if (!raw) return vault.wrong >= WAITS.length ? empty(worker) : vault;
    await useKey(worker, raw);
    await within(["vaults"], async (store) => void store("vaults").put({ ...vault, wrong: 0, wait: 0, at: Date.now() }));
    return undefined;
}
/** Takes the key, the lists and what has been sent. */
export async function empty(worker: string): Promise<Vault | undefined> {
    await within(["vaults", "outbox"], async (store) => {
        const vault = await done<Vault | undefined>(store("vaults").get(worker));
        if (!vault) return;
        const { wrapped: _gone, salt: _salt, rounds: _rounds, ...rest } = vault;
        store("vaults").put({ ...rest, wrong: 0, wait: 0, out: true });
        for (const row of await done<Stored[]>(store("outbox").getAll())) if (row.worker === worker && row.state === "sent") store("outbox").delete(row.id);
    });
    await forgetKept(worker);
    hold();
    return look<Vault>("vaults", worker);
}
/** Lists of whoever was not in contact for 72 hours are forgotten; true when `mine` were among them. */
export async function forgetOld(mine?: string): Promise<boolean> {
    const old = (await workers()).filter((v) => Date.now() - v.contact > FORGET);
    for (const v of old) await forgetKept(v.worker, false);
    return old.some((v) => v.worker === mine);
}
