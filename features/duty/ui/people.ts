// people.ts - what the page of people and its dialogs share: rows, who may, which roles may be given, what a refusal means.
import { mayAt, tree, type Area } from "@data/areas";
import { t, troubleWord } from "@kit/words";

export interface Worker {
    worker: string;
    area: string;
    area_name: string;
    name: string | null;
    phone: string | null;
    category: string | null;
    organisation_id: string | null;
    skills: string[] | string | null;
}
export interface Held {
    duty: string;
    area: string;
    role: string;
    worker: string;
    household: string | null;
    deputy: number | boolean;
    since: number;
    until: number;
    name: string | null;
    phone: string | null;
    category: string | null;
}
export interface Person {
    worker: string;
    name: string;
    phone: string;
    category: string;
    own?: Worker; // registered here, not only assigned here
    held: Held[];
}

export const mayAssign = (area: string) => mayAt("duties", area);
export const mayGiveAccounts = (area: string) => mayAssign(area) || mayAt("accounts", area);

const reserved = ["approver", "auditor", "keeper"];
const open = ["grid_head", "grid_worker", "centre_head"];
/** Roles that see households openly are given at villages and below, the second persons only by the keeper. */
export const mayBeGiven = (role: string, area: Area) => (area.level >= 4 || !open.includes(role)) && mayBeEnded(role, area.area);
export const mayBeEnded = (role: string, area: string) => !reserved.includes(role) || mayAt("accounts", area);

/** The area itself and what is open below it: all of a village, one level of what lies above. */
export function within(area: string): Area[] {
    const here = tree.value?.areas.get(area);
    const all = here ? [here] : [];
    for (const child of tree.value?.children(area) ?? []) all.push(...(here && here.level >= 4 ? within(child.area) : [child]));
    return all;
}
export function refusal(trouble: { key: string; field?: string }): string {
    const own = `duty.refused_${trouble.key.replace(".", "_")}`;
    const word = t(own);
    return word === own ? troubleWord(trouble) : word;
}
