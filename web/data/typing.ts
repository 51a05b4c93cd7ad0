// typing.ts - for whom whoever sits here types in: keep.ts says it with each record. It ends with the tab, when ended, and with another session.
import { computed, shallowRef } from "vue";
import { session } from "./session";

export interface Typing {
    by: string; // the worker who types
    worker: string;
    name: string;
    label: string; // beside what was typed, in the list
}
const KEY = "wangge.for";
const kept = shallowRef(JSON.parse(sessionStorage.getItem(KEY) ?? "null") as Typing | null);
export const typing = computed(() => (kept.value?.by === session.value?.worker ? (kept.value ?? undefined) : undefined));
export function typeFor(whom?: Omit<Typing, "by">): void {
    kept.value = whom && session.value ? { ...whom, by: session.value.worker } : null;
    if (kept.value) sessionStorage.setItem(KEY, JSON.stringify(kept.value));
    else sessionStorage.removeItem(KEY);
}
