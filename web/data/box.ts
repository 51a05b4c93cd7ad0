// box.ts - the key that is open now, and boxes made with it: what a phone keeps of residents is never written otherwise.
//
// A box is 12 bytes of nonce and AES-256-GCM; the row's key is bound to it, so
// that no box can stand in another's place.  The key lives in memory, from the
// PIN until the page is locked.
let key: CryptoKey | undefined;
/** Whose key it is; none: locked. */
export let holder: string | undefined;
/** Encryption needs https or localhost. Without it nothing of residents is put on disk. */
export const able = typeof crypto !== "undefined" && !!crypto.subtle;

export type Bytes = Uint8Array<ArrayBuffer>;
export const bytesOf = (text: string): Bytes => new TextEncoder().encode(text) as Bytes;
export const random = (n: number): Bytes => crypto.getRandomValues(new Uint8Array(n));

export function hold(k?: CryptoKey, worker?: string): void {
    key = k;
    holder = worker;
}
export async function boxWith(k: CryptoKey, row: string, open: Bytes): Promise<Bytes> {
    const iv = random(12);
    const shut = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: bytesOf(row) }, k, open));
    const all = new Uint8Array(12 + shut.length);
    all.set(iv);
    all.set(shut, 12);
    return all;
}
/** Fails when the box was made with another key or for another row. */
export async function unboxWith(k: CryptoKey, row: string, box: Bytes): Promise<Bytes> {
    const how = { name: "AES-GCM", iv: box.subarray(0, 12), additionalData: bytesOf(row) };
    return new Uint8Array(await crypto.subtle.decrypt(how, k, box.subarray(12)));
}
export async function box(row: string, value: unknown): Promise<Bytes> {
    if (!key) throw new Error("locked");
    return boxWith(key, row, bytesOf(JSON.stringify(value)));
}
export async function unbox<T>(row: string, shut: Bytes): Promise<T | undefined> {
    if (!key) return undefined;
    return unboxWith(key, row, shut).then(
        (open) => JSON.parse(new TextDecoder().decode(open)) as T,
        () => undefined,
    );
}
