// grid.ts - what the phone knows of the grid it works in: doors, round, how each door stands.
import { computed, type ComputedRef } from "vue";
import type { Area } from "@data/areas";
import { bundle, type Held } from "@data/bundle";
import { slotOf, type Member, type Slot } from "@data/doors";
import { parcels } from "@data/outbox";
import type { Profile } from "@data/profile";
import { doorDuties, type Duty } from "@data/session";
import type { Kept } from "@data/sync";
import { route } from "@kit/route";
import { currentOf, stateName, stateOf, type Counts, type LeftRow, type Round, type State } from "./state";

/** The duty the page works for: the one the address names, else the first. */
export const duty = computed<Duty | undefined>(() => {
    const all = doorDuties.value;
    const asked = route.value.query.area ?? "";
    return all.find((d) => d.area === asked) ?? all.find((d) => asked.startsWith(d.area)) ?? all[0];
});

export interface Stand {
    state: State;
    local: boolean; // known here, not yet to the server
    retry_at?: number | null;
}
export interface Grid {
    held: Kept<Held>;
    slots: ComputedRef<Slot[]>; // in walking order
    people: ComputedRef<Map<string, Member[]>>; // by household
    profile: ComputedRef<Profile | undefined>;
    above: ComputedRef<Area[]>;
    round: ComputedRef<Round | undefined>;
    village: ComputedRef<string>;
    states: ComputedRef<Map<string, Stand>>;
}
const grids = new Map<string, Grid>();

export function useGrid(area: string, household?: string | null): Grid {
    const name = `${area}/${household ?? ""}`;
    const old = grids.get(name);
    if (old) return old;
    const held = bundle(area);
    const part = <T>(name: string) => computed(() => held.value.value?.parts[name] as T | undefined);
    const list = part<Slot[]>("household/list");
    const members = part<(Member & { household: string })[]>("household/people");
    const left = part<LeftRow[]>("screening/doors");
    const counts = part<Counts[]>("screening/map");
    const rounds = part<Round[]>("screening/rounds");
    const line = part<{ rows: Area[] }>("area/above");
    const slots = computed(() => {
        const mine = (list.value ?? []).filter((s) => !household || s.centre === household || s.household === household);
        return mine.sort((a, b) => (a.area === b.area ? a.order - b.order : a.area < b.area ? -1 : 1));
    });
    const people = computed(() => {
        const by = new Map<string, Member[]>();
        for (const m of members.value ?? []) by.set(m.household, [...(by.get(m.household) ?? []), m]);
        return by;
    });
    const above = computed(() => line.value?.rows ?? []);
    const round = computed(() => currentOf(rounds.value));
    const village = computed(() => above.value.find((a) => a.level === 4)?.area ?? area.slice(0, 12));
    // Without a frozen list nothing is due, and no door may pass for entered.
    const due = computed(() => (counts.value ?? []).reduce((n, c) => n + c.households + c.late, 0));

    const states = computed(() => {
        const map = new Map<string, Stand>();
        const all = slots.value;
        if (!round.value || !left.value) return map;
        if (due.value) {
            for (const s of all) map.set(slotOf(s), { state: "entered", local: false });
            for (const row of left.value) map.set(slotOf(row), { state: stateName(row.state), local: false, retry_at: row.retry_at });
        } else for (const s of all) map.set(slotOf(s), { state: "pending", local: false });
        // What was done on this phone since the list was asked stands over it.
        for (const p of parcels.value) {
            const { body, type } = p.record;
            if (type !== "screening.visit" || body.round !== round.value.round || p.state === "aside" || p.state === "refused") continue;
            if (p.state === "sent" && (p.sent_at ?? 0) < held.at.value - 2000) continue;
            const stand = {
                state: stateOf(body.outcome as string, Boolean(body.witness), Boolean(body.household)),
                local: p.state !== "sent",
                retry_at: body.retry_at as number | undefined,
            };
            if (body.household) map.set(String(body.household), stand);
            else for (const s of all) if (s.door === body.door) map.set(slotOf(s), stand);
        }
        return map;
    });
    const grid: Grid = { held, slots, people, profile: part<Profile>("profile/current"), above, round, village, states };
    grids.set(name, grid);
    return grid;
}
