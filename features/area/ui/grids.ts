// grids.ts - what the page of grids and its dialog share: who may, which code comes next, what a refusal means.
import { loadTree, mayAt, tree, treeChanged, type Area } from "@data/areas";
import { home } from "@data/session";
import { t, troubleWord } from "@kit/words";

export type Act = "open" | "rename" | "merge" | "close";

export const mayCut = (area: string) => mayAt("grids", area);

const lengths = [0, 4, 6, 9, 12];
const lengthAt = (level: number) => lengths[level] ?? 12 + 2 * (level - 4);
/** The parent's code and the number after the last one ever given; codes of closed areas are not given twice. */
export function nextCode(parent: Area): string {
    const long = lengthAt(parent.level + 1);
    const wide = long - parent.code.length;
    const used = new Set<number>();
    tree.value?.each((a) => a.code.length === long && a.code.startsWith(parent.code) && used.add(Number(a.code.slice(-wide))));
    const most = 10 ** wide - 1;
    let next = Math.max(0, ...used) + 1;
    if (next > most) for (next = 1; used.has(next) && next <= most; ) next++;
    return next > most ? "" : parent.code + String(next).padStart(wide, "0");
}
/** Everything on the screen follows the tree: it is asked for anew after each change. */
export async function treeAgain(): Promise<void> {
    treeChanged();
    if (home.value) await loadTree(home.value.area).catch(() => undefined);
}
export function refusal(trouble: { key: string; field?: string }): string {
    const own = `area.refused_${trouble.key.replace(".", "_")}`;
    const word = t(own);
    return word === own ? troubleWord(trouble) : word;
}
export const levelName = (level: number) => t(`level_${Math.min(level, 6)}`);
