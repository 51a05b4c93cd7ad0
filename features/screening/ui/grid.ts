// grid.ts - what the phone knows of the grid it works in: doors, round, how each door stands.
import { computed, type ComputedRef } from "vue";
import { ask, Trouble } from "@data/api";
import type { Area } from "@data/areas";
import { slotOf, type Member, type Slot } from "@data/doors";
import { parcels } from "@data/outbox";
import { profile, type Profile } from "@data/profile";
import { doorDuties, type Duty } from "@data/session";
import { keepAll, recall } from "@data/store";
import { shared, type Kept } from "@data/sync";
import { route } from "@kit/route";
import { askRounds, currentOf, stateName, stateOf, type Counts, type LeftRow, type Round, type State } from "./state";

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
    slots: Kept<Slot[]>;
    rounds: Kept<Round[]>;
    left: Kept<{ due: number; rows: LeftRow[] }>;
    profile: Kept<Profile>;
    above: Kept<Area[]>;
    round: ComputedRef<Round | undefined>;
    village: ComputedRef<string>;
    states: ComputedRef<Map<string, Stand>>;
    refresh(): void;
}
const grids = new Map<string, Grid>();

export function useGrid(area: string, household?: string | null): Grid {
    const name = `${area}/${household ?? ""}`;
    const old = grids.get(name);
    if (old) return old;
    const slots = shared<Slot[]>(`slots:${name}`, async () => {
        const rows = await ask<Slot>("household/list", { area });
        return household ? rows.filter((s) => s.centre === household || s.household === household) : rows;
    });
    const rounds = shared<Round[]>(`rounds:${area}`, () => askRounds(area));
    // Without a frozen list nothing is due, and no door may pass for entered.
    const left = shared(`left:${area}`, async () => {
        const [counts, rows] = await Promise.all([ask<Counts>("screening/map", { area }), ask<LeftRow>("screening/doors", { area })]);
        return { due: counts.reduce((n, c) => n + c.households + c.late, 0), rows };
    });
    const above = shared<Area[]>(`above:${area}`, () => ask<Area>("area/above", { area }));
    const round = computed(() => currentOf(rounds.value.value));
    const village = computed(() => above.value.value?.find((a) => a.level === 4)?.area ?? area.slice(0, 12));

    const states = computed(() => {
        const map = new Map<string, Stand>();
        const all = slots.value.value ?? [];
        const known = left.value.value;
        if (!round.value || !known) return map;
        if (known.due) {
            for (const s of all) map.set(slotOf(s), { state: "entered", local: false });
            for (const row of known.rows) map.set(slotOf(row), { state: stateName(row.state), local: false, retry_at: row.retry_at });
        } else for (const s of all) map.set(slotOf(s), { state: "pending", local: false });
        // What was done on this phone since the list was asked stands over it.
        for (const p of parcels.value) {
            const { body, type } = p.record;
            if (type !== "screening.visit" || body.round !== round.value.round || p.state === "aside" || p.state === "refused") continue;
            if (p.state === "sent" && (p.sent_at ?? 0) < left.at.value - 2000) continue;
            const stand = {
                state: stateOf(body.outcome as string, Boolean(body.witness)),
                local: p.state !== "sent",
                retry_at: body.retry_at as number | undefined,
            };
            if (body.household) map.set(String(body.household), stand);
            else for (const s of all) if (s.door === body.door) map.set(slotOf(s), stand);
        }
        return map;
    });
    const grid: Grid = {
        slots,
        rounds,
        left,
        profile: profile(area),
        above,
        round,
        village,
        states,
        refresh() {
            void Promise.all([slots.refresh(), rounds.refresh(), left.refresh()]);
        },
    };
    grids.set(name, grid);
    return grid;
}

/** The people behind one door's household: from the grid's bundle when there is one, else asked for alone. */
export const membersOf = (area: string, household: string): Kept<Member[]> =>
    shared<Member[]>(`members:${household}`, () => ask<Member>("household/members", { area, household }));

const FRESH = 6 * 3_600_000;
let fetching = false;
/** Fetches everybody in the grid in one question, so that no visit needs a network; again after hours, or when a household is new. */
export async function fetchMembers(grid: Grid, area: string): Promise<void> {
    const households = (grid.slots.value.value ?? []).flatMap((s) => s.household ?? []);
    if (fetching || !households.length) return;
    fetching = true;
    try {
        const last = await recall<string[]>(`people:${area}`);
        if (last && last.at > Date.now() - FRESH && households.every((h) => last.value.includes(h))) return;
        const by = new Map<string, Member[]>(households.map((h) => [h, []]));
        for (const row of await ask<Member & { household: string }>("household/people", { area })) by.get(row.household)?.push(row);
        await keepAll([...[...by].map(([h, members]) => [`members:${h}`, members] as [string, unknown]), [`people:${area}`, households]]);
    } catch (e) {
        if (!(e instanceof Trouble)) throw e; // each household is asked for when its door is opened
    } finally {
        fetching = false;
    }
}
