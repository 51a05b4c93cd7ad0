// areas.ts - the tree of areas as the asker may see it, loaded once and shared.
import { shallowRef } from "vue";
import { ask, get } from "./api";
import { dutiesWith } from "./session";

export interface Area {
    area: string;
    code: string;
    name: string;
    kind: string;
    level: number;
    parent: string | null;
    path: string;
    open: number | boolean;
    lon: number | null;
    lat: number | null;
    children?: number;
}
export interface Shape {
    area: string;
    level: number;
    rings?: number[][]; // x0, y0, dx, dy … in units of 1/scale degree
    point?: [number, number];
}
export interface Shapes {
    revision: number;
    scale: number;
    synthetic: boolean;
    shapes: Shape[];
}

/** All areas at or below one, with their children in order. */
export class Tree {
    readonly areas = new Map<string, Area>();
    readonly below = new Map<string, Area[]>();
    constructor(
        readonly root: string,
        rows: Area[],
    ) {
        for (const row of rows) this.areas.set(row.area, row);
        for (const row of rows) if (row.open && row.parent) this.children(row.parent).push(row);
        for (const list of this.below.values()) list.sort((a, b) => (a.path < b.path ? -1 : 1));
    }
    children(area: string): Area[] {
        let list = this.below.get(area);
        if (!list) this.below.set(area, (list = []));
        return list;
    }
    /** From the root of this tree down to the area itself. */
    above(area: string): Area[] {
        const line: Area[] = [];
        for (let a = this.areas.get(area); a; a = a.parent ? this.areas.get(a.parent) : undefined) line.unshift(a);
        return line;
    }
    /** The area itself or the ancestor of it that has this level. */
    atLevel(area: string, level: number): Area | undefined {
        let a = this.areas.get(area);
        while (a && a.level > level && a.parent) a = this.areas.get(a.parent);
        return a;
    }
    each(tell: (a: Area) => void): void {
        for (const a of this.areas.values()) tell(a);
    }
}

/** The tree below the asker's highest duty; undefined until it is here. */
export const tree = shallowRef<Tree>();
let loading: Promise<Tree> | undefined;
export function loadTree(root: string): Promise<Tree> {
    if (tree.value?.root === root && loading) return loading;
    loading = ask<Area>("area/tree", { area: root }).then((rows) => (tree.value = new Tree(root, rows)));
    loading.catch(() => (loading = undefined));
    return loading;
}
/** The tree is another one now: the next loadTree asks for it. */
export function treeChanged(): void {
    loading = undefined;
}
/** Whether a duty of ours gives a right here: it counts for its area and everything below it. */
export function mayAt(right: string, area: string): boolean {
    const line = tree.value?.above(area).map((a) => a.area) ?? [area];
    return dutiesWith(right).some((d) => line.includes(d.area));
}
export const askShapes = (area: string) => get<Shapes>("/api/area/shapes", { area });

/** An area's name for lists that mix areas: a grid is named with its village. */
export function areaName(area: string): string {
    const a = tree.value?.areas.get(area);
    if (!a) return area;
    const village = a.level > 4 ? tree.value?.atLevel(area, 4) : undefined;
    return village && village !== a ? `${village.name} ${a.name}` : a.name;
}
