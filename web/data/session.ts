// session.ts - who is signed in, as the server says, or as it said last.
import { computed, shallowRef } from "vue";
import { get, post, remove, Trouble, useToken, whenSignedOut } from "./api";
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
    face: "field" | "command"; // whose duties are all at doors has the phone's
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
let told: string | undefined; // whom the server named last: the session is theirs
whenSignedOut(() => {
    told = undefined;
    signedOut.value = true;
    useToken();
    // Over or revoked is over: the lists go at once, what is unsent stays.
    if (session.value) void leave(session.value).catch(() => undefined);
});
async function leave(s: Session): Promise<void> {
    if (holder) await noteWorker(s, true);
    await forgetKept(s.worker);
}

export const faceOf = (s: Session) => `/${s.face}.html`;
/** The highest area one answers for: where the desk begins. */
export const home = computed(() => [...(session.value?.duties ?? [])].sort((a, b) => a.level - b.level)[0]);

/** Our duties that give a right. The server judges every request; this only spares people what would refuse them. */
export const dutiesWith = (right: string) => (session.value?.duties ?? []).filter((d) => d.rights?.includes(right) ?? true);
export const may = (right: string) => dutiesWith(right).length > 0;

/** Duties near enough to the doors to walk them: a village or below. */
export const doorDuties = computed(() => dutiesWith("lists").filter((d) => d.level >= 4));

/** What a sign-in tells once, and no server again: it waits in this tab until a vault takes it. */
interface Told {
    worker: string;
    device: string; // records are marked with its key
    key: string;
    token?: string; // the phone's session; none: it is in a cookie
}
const TOLD = "wangge.told";
const WHO = "wangge.who"; // this tab is
const waiting = () => JSON.parse(sessionStorage.getItem(TOLD) ?? "null") as Told | null;
/** Whose page this tab is, as they signed in or were chosen here. */
export const chosen = () => sessionStorage.getItem(WHO);
export const choose = (worker: string) => sessionStorage.setItem(WHO, worker);

async function enter(s: Session): Promise<void> {
    told = s.worker;
    choose(s.worker);
    if (holder && holder !== s.worker) return; // another's vault is open: their page begins anew
    session.value = s;
    signedOut.value = false;
    // Until the PIN is given this is kept in memory only, as everything is.
    void keep("session", s).catch(() => undefined);
}
/** With a password, or with the code of a card, which is used up by it. Where all one's duties are at doors the session is the phone's and in no cookie. */
export async function signIn(name: string, secret: { password: string } | { code: string }): Promise<Session> {
    const bearer = able ? "at_doors" : undefined;
    const { token, device, key, ...s } = await post<Session & Told>("/api/session", { name, ...secret, bearer });
    const own = able && s.face === "field";
    if (able && (holder || own)) {
        await noteWorker(s).catch(() => undefined);
        sessionStorage.setItem(TOLD, JSON.stringify({ worker: s.worker, device, key, token: own ? token : undefined }));
    }
    useToken(own ? token : undefined);
    await enter(s);
    if (holder) await takeTold();
    return s;
}
/** What the last sign-in told goes into the open vault, and from there to whatever needs it. Before there is one: the session alone, for this page. */
export async function takeTold(): Promise<void> {
    const now = waiting();
    if (holder && now?.worker === holder) {
        await keep("device", now);
        sessionStorage.removeItem(TOLD);
    }
    useToken(holder ? (await recall<Told>("device"))?.value.token : now?.token);
}
/** The session is somebody else's than the open vault. */
export const foreign = () => told !== undefined && told !== holder;
/** Nothing is sent in another's name: the session's owner is asked for once, when a page began without a network. */
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
    useToken();
    sessionStorage.removeItem(WHO);
}
