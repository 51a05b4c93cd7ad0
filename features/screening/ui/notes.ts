// notes.ts - what waits at doors for whoever comes next: as the bundle has it, with what this phone wrote and did since.
import { computed, type ComputedRef } from "vue";
import type { Draft } from "@data/api";
import { doorLabel, type Slot } from "@data/doors";
import { newId } from "@data/id";
import { put } from "@data/keep";
import { parcels } from "@data/outbox";
import { t } from "@kit/words";
import type { Grid } from "./grid";

export interface Note {
    note: string;
    area: string;
    door: string;
    household: string | null; // none: of the door
    promise: number | boolean;
    due: string | null;
    at: number;
    text: string | null; // none: erased
    local?: boolean; // known here, not yet to the server
}
const kept = new WeakMap<Grid, ComputedRef<Note[]>>();

/** The notes of a grid in the order of its doors. */
export function notesOf(grid: Grid): ComputedRef<Note[]> {
    const old = kept.get(grid);
    if (old) return old;
    const list = computed(() => {
        const { value, at } = grid.held;
        const all = new Map(((value.value?.parts["household/notes"] as Note[] | undefined) ?? []).map((n) => [n.note, n]));
        const doors = new Map(grid.slots.value.flatMap((s) => [[s.door, s.door], ...(s.household ? [[s.household, s.door]] : [])] as [string, string][]));
        for (const p of parcels.value) {
            const { id, type, area, at: when, body } = p.record;
            if (p.state === "aside" || p.state === "refused" || (p.state === "sent" && (p.sent_at ?? 0) < at.value - 2000)) continue;
            if (type === "household.note_done") all.delete(String(body.note));
            const door = type === "household.note" && doors.get(String(body.household ?? body.door));
            if (door) all.set(id, { ...({ household: null, due: null, promise: false, ...body } as unknown as Note), note: id, area, door, at: when, local: p.state !== "sent" });
        }
        const order = new Map(grid.slots.value.map((s, i) => [s.door, i]));
        return [...all.values()].filter((n) => order.has(n.door)).sort((a, b) => order.get(a.door)! - order.get(b.door)! || a.at - b.at);
    });
    kept.set(grid, list);
    return list;
}
export const slotAt = (grid: Grid, n: Note): Slot | undefined =>
    grid.slots.value.find((s) => s.door === n.door && (!n.household || s.household === n.household)) ?? grid.slots.value.find((s) => s.door === n.door);
export const doorName = (s: Slot | undefined) => (s && doorLabel(s)) || t("screening.door_n", { n: s?.order ?? "" });
const about = (grid: Grid, s: Slot | undefined) => ({ village: grid.village.value, title: [doorName(s), s?.head].filter(Boolean).join(" · ") });
const record = (type: string, area: string, body: Record<string, unknown>): Draft => ({ id: newId(), type, area, at: Date.now(), body });

/** Of the household, where there is one: a note goes where it goes. */
export const leave = (grid: Grid, s: Slot, what: { text: string; promise?: true; due?: string }) =>
    put([record("household.note", s.area, { ...(s.household ? { household: s.household } : { door: s.door }), ...what })], about(grid, s));
export const finish = (grid: Grid, n: Note) =>
    put([record("household.note_done", n.area, { note: n.note, household: n.household ?? undefined })], about(grid, slotAt(grid, n)));
