// parts.ts - what a feature may bring to the faces: pages, cards of the area panel, layers of the map.
import type { Component, Ref } from "vue";

/** Words by key: those a face needs, and those both do. A zh.ts or en.ts exports `both`, `field`, `command`. */
export type Words = Record<string, string>;

type Load<T> = () => Promise<{ default: T }>;

export interface Page {
    face: "command" | "field";
    path: string;
    title: string; // word key
    right?: string; // that of the questions it asks (src/core/right.c), or several: one is enough; shown only to those who have it
    order: number; // in the menu; none: reached by links only
    icon?: string;
    load: Load<Component>;
}
export interface Card {
    face: "command" | "field";
    place: "panel" | "below" | "me"; // beside the map, under it; on the phone's page about oneself
    title: string;
    right?: string;
    order: number;
    load: Load<Component>; // beside and under the map it gets the prop `area`
}
/** What a layer knows of one area. */
export interface Paint {
    class: number; // index of the legend, -1: no data
    text: string; // the figure beside the name
}
export interface LayerView {
    version: Ref<number>; // grows when the colours change
    legend(): { colour: string; text: string }[];
    paint(area: string): Paint;
    /** Rows of the tip under the pointer. */
    tip(area: string): string[];
    weight(area: string): number; // size in the schematic
    /** Areas that changed since the last look, for a short mark on the map. */
    changed: Ref<string[]>;
}
export interface Layer {
    face: "command";
    name: string;
    title: string;
    right?: string;
    order: number;
    load: Load<(root: string) => Promise<LayerView>>;
}
export interface Feature {
    name: string;
    pages?: Page[];
    cards?: Card[];
    layers?: Layer[];
}
