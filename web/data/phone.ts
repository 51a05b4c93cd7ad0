// phone.ts - what this phone's browser can do for a day at the doors, tried rather than asked.

export type Can = "yes" | "partly" | "no";
export interface Found {
    name: "reach" | "clock" | "safe" | "seal" | "keep" | "open" | "stay" | "room";
    can: Can;
    what?: string; // a figure
}
const AHEAD = 10 * 60_000; // further ahead the server refuses records
const DAY = 86_400_000;
const ENOUGH = 50_000_000; // bytes

/** A browser inside a chat app: it loses what it keeps and installs nothing. */
export const inChat = (agent = navigator.userAgent) => /MicroMessenger|\bQQ\/|DingTalk|AlipayClient|Weibo|Lark|Feishu/i.test(agent);

async function server(): Promise<Found[]> {
    const began = performance.now();
    const said = await fetch("/healthz", { cache: "no-store" }).catch(() => undefined);
    const took = Math.round(performance.now() - began);
    const date = Date.parse(said?.headers.get("Date") ?? "");
    const off = Date.now() - date;
    const clock: Can = isNaN(off) ? "partly" : off > AHEAD || off < -DAY ? "no" : Math.abs(off) > AHEAD / 5 ? "partly" : "yes";
    return [
        { name: "reach", can: said ? (took > 3000 ? "partly" : "yes") : "no", what: said && `${took} ms` },
        { name: "clock", can: clock, what: isNaN(off) ? undefined : `${Math.round(off / 60_000)} min` },
    ];
}
/** Writes and reads it back: some browsers have a database that keeps nothing. */
function keeps(): Promise<boolean> {
    return new Promise<boolean>((ok) => {
        const asked = indexedDB.open("wangge.check", 1);
        asked.onupgradeneeded = () => asked.result.createObjectStore("try");
        asked.onerror = asked.onblocked = () => ok(false);
        asked.onsuccess = () => {
            const tx = asked.result.transaction("try", "readwrite");
            const got = (tx.objectStore("try").put(7, "key"), tx.objectStore("try").get("key"));
            tx.onabort = () => ok(false);
            tx.oncomplete = () => (asked.result.close(), indexedDB.deleteDatabase("wangge.check"), ok(got.result === 7));
        };
    }).catch(() => false);
}
export async function tryPhone(): Promise<Found[]> {
    const yes = (can: unknown): Can => (can ? "yes" : "no");
    const store = navigator.storage;
    const stays = await store?.persisted?.().catch(() => false);
    const { quota, usage = 0 } = (await store?.estimate?.().catch(() => undefined)) ?? {};
    const room = quota === undefined ? undefined : quota - usage;
    return [
        ...(await server()),
        { name: "safe", can: yes(isSecureContext) },
        { name: "seal", can: yes(typeof crypto !== "undefined" && crypto.subtle) },
        { name: "keep", can: yes(await keeps()) },
        { name: "open", can: yes("serviceWorker" in navigator) },
        { name: "stay", can: stays ? "yes" : "partly" },
        { name: "room", can: room === undefined ? "partly" : room > ENOUGH ? "yes" : "no", what: room === undefined ? undefined : `${Math.round(room / 1e6)} MB` },
    ];
}
