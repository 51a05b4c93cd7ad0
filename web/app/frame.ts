// frame.ts - what both faces' frames share: the features' pages as components.
import { computed, h, ref, shallowRef, type Component } from "vue";
import features from "virtual:features";
import { may } from "@data/session";
import type { Card, Page } from "@kit/parts";
import { route } from "@kit/route";
import { lateWords, t } from "@kit/words";

const pages = features.flatMap((f) => f.pages ?? []);
/** What one may see of pages, cards and layers, in their order. */
export const mine = <T extends { right?: string; order: number }>(all: T[]) =>
    all.filter((x) => !x.right || x.right.split(" ").some((r) => may(r))).sort((a, b) => a.order - b.order);
const cards = features.flatMap((f) => f.cards ?? []);
export const cardsOf = (place: Card["place"]) => mine(cards).filter((c) => c.place === place);
export const menu = () => mine(pages).filter((p) => p.order);
const refused: Component = () => h("p", { class: "notice pad" }, t("not_yours"));

const made = new Map<() => Promise<{ default: Component }>, Component>();
/** Fetches what has not been shown yet. */
export function fetchPages(): void {
    void lateWords();
    for (const load of [...[...pages, ...cards].map((p) => p.load), ...made.keys()]) void load().catch(() => undefined);
}
/** A component that is fetched when it is first shown; a failed fetch is said and tried again with the next one. `early`: its words came with the frame. */
export function component(load: () => Promise<{ default: Component }>, early = false): Component {
    const old = made.get(load);
    if (old) return old;
    const inner = shallowRef<Component>();
    const failed = ref(false);
    const fetchIt = () => {
        if (inner.value) return;
        failed.value = false;
        Promise.all([load(), early || lateWords()]).then(
            ([m]) => (inner.value = m.default),
            () => (failed.value = true),
        );
    };
    const c: Component = {
        inheritAttrs: false,
        setup(_, { attrs }) {
            fetchIt();
            return () =>
                inner.value
                    ? h(inner.value, attrs)
                    : h("p", { class: failed.value ? "notice bad" : "muted pad" }, t(failed.value ? "chunk_failed" : "loading"));
        },
    };
    made.set(load, c);
    return c;
}

/** The page the address names, else the first of the menu. */
export function usePage(own: Record<string, Component>, begin: string) {
    return computed<{ path: string; is: Component; page?: Page }>(() => {
        const path = route.value.path || begin;
        if (own[path]) return { path, is: own[path] };
        const page = pages.find((p) => p.path === path);
        if (page) return { path, is: mine([page]).length ? component(page.load, path === begin) : refused, page };
        const fallback = pages.find((p) => p.path === begin);
        return fallback ? { path: begin, is: component(fallback.load, true), page: fallback } : { path: begin, is: own[begin]! };
    });
}
export { features };
