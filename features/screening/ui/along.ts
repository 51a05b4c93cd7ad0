// along.ts - who walks along today, asked once and remembered for the day, for each worker of this phone apart. Ids only.
import { computed } from "vue";
import type { Held } from "@data/bundle";
import { session } from "@data/session";
import { dayText } from "@kit/figures";
import { setting } from "@kit/setting";

export interface Companion {
    worker: string;
    name: string;
    role: string;
}
const kept = setting<string>("along", "");

/** Those chosen today; undefined: nobody was asked yet. */
export const along = computed<string[] | undefined>({
    get() {
        const [day, worker, ids] = kept.value.split("|");
        return day === dayText(Date.now()) && worker === session.value?.worker ? ids!.split(",").filter(Boolean) : undefined;
    },
    set: (ids) => (kept.value = [dayText(Date.now()), session.value?.worker, ids?.join()].join("|")),
});
const first = ["grid_worker", "grid_head", "secretary", "police", "medic"];
const rank = (role: string) => (first.includes(role) ? first.indexOf(role) : first.length);
/** Who may be along: those at doors of the village, and who answers for it; whoever has the most to do there comes first. */
export function companions(held: Held | undefined, takers: { worker: string; name: string | null; role: string }[]): Companion[] {
    const all = new Map<string, Companion>();
    const chain = (held?.parts["duty/chain"] ?? []) as Record<string, unknown>[];
    for (const { worker, name, role } of [...takers, ...chain.filter((r) => Number(r.level) >= 4)] as Companion[]) {
        const known = all.get(worker);
        if (worker && name && worker !== session.value?.worker && !(known && rank(known.role) <= rank(role))) all.set(worker, { worker, name, role });
    }
    return [...all.values()].sort((a, b) => rank(a.role) - rank(b.role));
}
