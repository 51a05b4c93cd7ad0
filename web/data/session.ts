// session.ts - who is signed in, as the server says, or as it said last.
import { computed, shallowRef } from "vue";
import { get, post, remove, Trouble, whenSignedOut } from "./api";
import { forgetKept, keep, recall } from "./store";

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
}

export const session = shallowRef<Session>();
/** The server forgot us (or never knew); what is unsent waits for the next sign-in. */
export const signedOut = shallowRef(false);
whenSignedOut(() => (signedOut.value = true));

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
    // Another worker's lists are not this one's to read. What they did not send stays and waits for them.
    const before = (await recall<Session>("session").catch(() => undefined))?.value;
    if (before && before.worker !== s.worker) await forgetKept().catch(() => undefined);
    session.value = s;
    signedOut.value = false;
    void keep("session", s).catch(() => undefined);
}
/** With a password, or with the code of a card, which is used up by it. */
export async function signIn(name: string, secret: { password: string } | { code: string }): Promise<Session> {
    // The token stays in the cookie, the device key with nobody: what is written here is proved by its session.
    const { token: _token, device: _device, key: _key, ...s } = await post<Session & Told>("/api/session", { name, ...secret });
    await enter(s);
    return s;
}
/** The session of this browser. Without a network the last one known; none when the server says so. */
export async function resume(): Promise<Session | undefined> {
    try {
        await enter(await get<Session>("/api/session"));
    } catch (e) {
        if (!(e instanceof Trouble) || !(e.away || e.status >= 500)) return undefined;
        session.value = (await recall<Session>("session").catch(() => undefined))?.value;
    }
    return session.value;
}
export async function signOut(everywhere = false): Promise<void> {
    await remove(everywhere ? "/api/session?everywhere=1" : "/api/session").catch(() => undefined);
    await forgetKept().catch(() => undefined);
    session.value = undefined;
}
