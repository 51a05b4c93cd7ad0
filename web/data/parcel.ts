// parcel.ts - a record marked by this device and sealed for the office alone: it outlives the PIN, and any session may hand it in.
//
// The mark is HMAC-SHA-256 under the key this device was told at its sign-in.
// The seal is 1 | a P-256 point of its own | nonce | AES-256-GCM, the key by
// HKDF from both points; doc/records.md has the form.
import { bytesOf, random, type Bytes } from "./box";
import { post, type Left, type Result } from "./api";

/** What a sign-in gives this device to mark records with; `office` is the installation's point. Base64. */
export interface Device {
    device: string;
    key: string;
    office: string;
}
const VERSION = 1;
const MARK = 16;
const MOST = 500; // in one request,
const SIZE = 3_000_000; // and characters

const fromBase64 = (text: string): Bytes => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
export const toBase64 = (b: Uint8Array): string => btoa(Array.from(b, (x) => String.fromCharCode(x)).join(""));
const hex = (b: Uint8Array): string => Array.from(b, (x) => x.toString(16).padStart(2, "0")).join("");

/** Seals the texts of records. The point of its own is made once: a nonce apart is enough, and a visit is saved sooner. */
export async function sealer({ device, key, office }: Device): Promise<(text: string) => Promise<Bytes>> {
    const { subtle } = crypto;
    const own = await subtle.importKey("raw", fromBase64(key), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    const curve = { name: "ECDH", namedCurve: "P-256" };
    const pair = await subtle.generateKey(curve, false, ["deriveBits"]);
    const shared = await subtle.deriveBits({ name: "ECDH", public: await subtle.importKey("raw", fromBase64(office), curve, false, []) }, pair.privateKey, 256);
    const how = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: bytesOf("wangge parcel 1") };
    const from = await subtle.importKey("raw", shared, "HKDF", false, ["deriveKey"]);
    const seal = await subtle.deriveKey(how, from, { name: "AES-GCM", length: 256 }, false, ["encrypt"]);
    const point = new Uint8Array(await subtle.exportKey("raw", pair.publicKey));
    return async (text) => {
        const mac = hex(new Uint8Array(await subtle.sign("HMAC", own, bytesOf(text))).subarray(0, MARK));
        const iv = random(12);
        const shut = await subtle.encrypt({ name: "AES-GCM", iv }, seal, bytesOf(JSON.stringify({ text, device, mac })));
        const parts = [Uint8Array.of(VERSION), point, iv, new Uint8Array(shut)];
        const all = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
        parts.reduce((at, p) => (all.set(p, at), at + p.length), 0);
        return all;
    };
}
/** The first of them, as many as one request takes; one at least. */
export function portion(parcels: string[]): string[] {
    let n = 0;
    for (let size = 0; n < parcels.length && n < MOST && (!n || size + parcels[n]!.length <= SIZE); n++) size += parcels[n]!.length;
    return parcels.slice(0, n);
}
/** Hands parcels in; the answers come in their order. */
export async function handInParcels(parcels: string[], left?: Left): Promise<Result[]> {
    return (await post<{ results: Result[] }>("/api/parcels", { now: Date.now(), parcels, ...left })).results;
}

/** The file that carries parcels to another phone or the office. */
export const fileOf = (parcels: Uint8Array[]): string => JSON.stringify({ wangge: "parcels", version: VERSION, parcels: parcels.map(toBase64) });
/** Undefined: it is no such file. */
export function parcelsIn(text: string): string[] | undefined {
    try {
        const file = JSON.parse(text) as { wangge?: string; parcels?: unknown };
        if (file.wangge !== "parcels" || !Array.isArray(file.parcels)) return undefined;
        return file.parcels.filter((p): p is string => typeof p === "string");
    } catch {
        return undefined;
    }
}
