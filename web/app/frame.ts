// frame.ts - what both faces' frames share: the features' pages as components.
import { computed, h, ref, shallowRef, type Component } from "vue";
import features from "virtual:features";
import { may } from "@data/session";
import type { Page } from "@kit/parts";
import { route } from "@kit/route";
import { t } from "@kit/words";

const pages = features.flatMap((f) => f.pages ?? []);
/** What one may see of pages, cards and layers, in their order. */
export const mine = <T extends { right?: string; order: number }>(all: T[]) =>
    all.filter((x) => !x.right || may(x.right)).sort((a, b) => a.order - b.order);
export const menu = () => mine(pages).filter((p) => p.order);
const refused: Component = () => h("p", { class: "notice pad" }, t("not_yours"));

const made = new Map<() => Promise<{ default: Component }>, Component>();
/** Fetches what has not been shown yet. */
export function fetchPages(): void {
    for (const load of [...pages.map((p) => p.load), ...made.keys()]) void load().catch(() => undefined);
}
/** A component that is fetched when it is first shown; a failed fetch is said and tried again with the next one. */
export function component(load: () => Promise<{ default: Component }>): Component {
    const old = made.get(load);
    if (old) return old;
    const inner = shallowRef<Component>();
    const failed = ref(false);
    const fetchIt = () => {
        if (inner.value) return;
        failed.value = false;
        load().then(
            (m) => (inner.value = m.default),
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
export function usePage(own: Record<string, Component>, first: string) {
    return computed<{ path: string; is: Component; page?: Page }>(() => {
        const path = route.value.path || first;
        if (own[path]) return { path, is: own[path] };
        const page = pages.find((p) => p.path === path);
        if (page) return { path, is: mine([page]).length ? component(page.load) : refused, page };
        const fallback = pages.find((p) => p.path === first);
        return fallback ? { path: first, is: component(fallback.load), page: fallback } : { path: first, is: own[first]! };
    });
}
export { features };
