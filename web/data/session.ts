// session.ts - who is signed in, as the server says, or as it said last.
import { computed, shallowRef } from "vue";
import { get, post, remove, Trouble, whenSignedOut } from "./api";
import { able, holder } from "./box";
import { forgetKept, keep, noteWorker, recall, workers } from "./store";

export interface Duty {
    area: string;
    name: string;
    level: number;
    role: string;
    rights?: string[]; // what the role gives, from the server's own table; a session kept since before it said so has none
    household?: string | null;
}
export interface Session {
    worker: string;
    account: string;
    name: string;
    duties: Duty[];
    drill: boolean;
    until: number;
    incarnation: string;
    office?: string; // the installation's public point, base64
}

export const session = shallowRef<Session>();
/** The server forgot us (or never knew); what is unsent waits for the next sign-in. */
export const signedOut = shallowRef(false);
let told: string | undefined; // whom the server named last: the cookie is theirs
whenSignedOut(() => {
    told = undefined;
    signedOut.value = true;
    // Over or revoked is over: the lists go at once, what is unsent stays.
    if (session.value) void leave(session.value).catch(() => undefined);
});
async function leave(s: Session): Promise<void> {
    if (holder) await noteWorker(s, true);
    await forgetKept(s.worker);
}

const atDoors = ["grid_worker", "grid_head", "centre_head", "volunteer", "watcher", "dock", "gate_keeper"];
export function faceOf(s: Session): string {
    return s.duties.length > 0 && s.duties.every((d) => atDoors.includes(d.role)) ? "/field.html" : "/command.html";
}
/** The highest area one answers for: where the desk begins. */
export const home = computed(() => [...(session.value?.duties ?? [])].sort((a, b) => a.level - b.level)[0]);

/** Our duties that give a right. The server judges every request; this only spares people what would refuse them. */
export const dutiesWith = (right: string) => (session.value?.duties ?? []).filter((d) => d.rights?.includes(right) ?? true);
export const may = (right: string) => dutiesWith(right).length > 0;

/** Duties near enough to the doors to walk them: a village or below. */
export const doorDuties = computed(() => dutiesWith("lists").filter((d) => d.level >= 4));

interface Told {
    token: string;
    device: string;
    key: string;
}
async function enter(s: Session): Promise<void> {
    told = s.worker;
    if (holder && holder !== s.worker) return; // another's vault is open: their page begins anew
    session.value = s;
    signedOut.value = false;
    // Until the PIN is given this is kept in memory only, as everything is.
    void keep("session", s).catch(() => undefined);
}
/** With a password, or with the code of a card, which is used up by it. */
export async function signIn(name: string, secret: { password: string } | { code: string }): Promise<Session> {
    const { token: _token, device, key, ...s } = await post<Session & Told>("/api/session", { name, ...secret });
    if (able && (holder || faceOf(s) === "/field.html")) {
        await noteWorker(s).catch(() => undefined);
        // Told once: it waits for the vault in this tab.
        sessionStorage.setItem("wangge.device", JSON.stringify({ worker: s.worker, device, key }));
    }
    await enter(s);
    await takeDevice();
    return s;
}
/** What this device marks its records with, as the last sign-in told it, goes into the open vault. */
export async function takeDevice(): Promise<void> {
    const told = JSON.parse(sessionStorage.getItem("wangge.device") ?? "null");
    if (!holder || told?.worker !== holder) return;
    await keep("device", { device: told.device, key: told.key });
    sessionStorage.removeItem("wangge.device");
}
/** The cookie is somebody else's than the open vault. */
export const foreign = () => told !== undefined && told !== holder;
/** Nothing is sent in another's name: the cookie's owner is asked for once, when a page began without a network. */
export async function confirmed(): Promise<void> {
    const who = session.value?.worker;
    if (told === undefined) {
        const s = await get<Session>("/api/session");
        told = s.worker;
        if (told === who) session.value = s;
    }
    if (told === who) return;
    signedOut.value = true;
    throw new Trouble("session.other", 401);
}
/** The session of this browser, as the server says; none when it says so or does not answer. */
export async function resume(): Promise<Session | undefined> {
    try {
        await enter(await get<Session>("/api/session"));
    } catch (e) {
        if (!(e instanceof Trouble) || !(e.away || e.status >= 500)) return undefined;
        session.value = (await recall<Session>("session").catch(() => undefined))?.value;
    }
    return session.value;
}
/** Somebody whose PIN this phone knows and who did not sign out. */
export const lastHere = async () => (await workers().catch(() => [])).find((v) => v.wrapped && !v.out);

export async function signOut(everywhere = false): Promise<void> {
    await remove(everywhere ? "/api/session?everywhere=1" : "/api/session").catch(() => undefined);
    if (session.value) await leave(session.value).catch(() => undefined);
    session.value = undefined;
}
