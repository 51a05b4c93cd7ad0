// counts.ts - the counters of every leaf, rolled up along the tree, kept fresh by the stream.
//
// A change in a village asks for that village's counters only; many at once,
// or a reset of the stream, ask for all of them.
import { reactive, ref, shallowRef, watch } from "vue";
import { ask } from "@data/api";
import { loadTree, tree } from "@data/areas";
import { listen } from "@data/stream";
import { route, sticky } from "@kit/route";
import { askRounds, countNames, currentOf, noCounts, type Counts, type Round } from "./state";

type Leaf = Counts & { area: string };
const leaves = new Map<string, Leaf>();
let sums = new Map<string, Counts>();
export const version = ref(0);
export const changed = shallowRef<string[]>([]);
/** The round all of the desk is about: the one the address names, else the current one of the desk's own area. */
export const round = shallowRef<Round>();
export const rounds = shallowRef<Round[]>([]);
export const feed = reactive<{ at: number; area: string; before: number; after: number }[]>([]);
export const live = ref(false);
let root = "";
sticky.add("round");
let opening: Promise<void> | undefined;

export const countsOf = (area: string): Counts | undefined => sums.get(area);

function rollUp(): void {
    const next = new Map<string, Counts>();
    const t = tree.value;
    for (const leaf of leaves.values()) {
        let a = t?.areas.get(leaf.area);
        if (!a) next.set(leaf.area, leaf);
        for (; a; a = a.parent ? t!.areas.get(a.parent) : undefined) {
            let sum = next.get(a.area);
            if (!sum) next.set(a.area, (sum = noCounts()));
            for (const name of countNames) sum[name] += Number(leaf[name] ?? 0);
        }
    }
    sums = next;
    version.value++;
}
async function fetchArea(area: string): Promise<Leaf[]> {
    return ask<Leaf>("screening/map", { area, round: round.value?.round });
}
async function all(): Promise<void> {
    rounds.value = await askRounds(root).catch(() => rounds.value);
    round.value = rounds.value.find((r) => r.round === route.value.query.round) ?? currentOf(rounds.value);
    const rows = await fetchArea(root).catch(() => [] as Leaf[]);
    leaves.clear();
    for (const row of rows) leaves.set(row.area, row);
    rollUp();
}
export function openCounts(area: string): Promise<void> {
    if (opening && root === area) return opening;
    root = area;
    return (opening = start());
}
async function start(): Promise<void> {
    await loadTree(root);
    await all();
    listen(
        root,
        (changes) => void follow(changes),
        (on) => (live.value = on),
    );
    watch(tree, rollUp);
    watch(
        () => route.value.query.round,
        () => void all(),
    );
}
let busy = false;
const waiting = new Set<string>();
let wantAll = false;

async function follow(changes: { type: string; area: string }[]): Promise<void> {
    for (const c of changes) {
        if (c.type === "reset" || c.type === "screening.round" || c.type === "screening.freeze" || c.type === "screening.close")
            wantAll = true;
        else if (c.type.startsWith("screening.") || c.type.startsWith("household."))
            waiting.add(tree.value?.atLevel(c.area, 4)?.area ?? c.area);
    }
    if (busy) return;
    busy = true;
    try {
        while (wantAll || waiting.size) {
            const villages = [...waiting];
            waiting.clear();
            const before = sums;
            if (wantAll || villages.length > 12) {
                wantAll = false;
                await all();
            } else {
                const rows = (await Promise.all(villages.map((v) => fetchArea(v).catch(() => [] as Leaf[])))).flat();
                for (const row of rows) leaves.set(row.area, row);
                rollUp();
            }
            const moved: string[] = [];
            for (const [id, now] of sums)
                if (now.entered !== before.get(id)?.entered || now.screened !== before.get(id)?.screened) moved.push(id);
            if (moved.length) changed.value = moved;
            for (const v of villages) {
                const was = before.get(v)?.entered ?? 0;
                const is = sums.get(v)?.entered ?? 0;
                if (is !== was) feed.unshift({ at: Date.now(), area: v, before: was, after: is });
            }
            feed.splice(8);
            await new Promise((r) => setTimeout(r, 800));
        }
    } finally {
        busy = false;
    }
}
