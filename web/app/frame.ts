// frame.ts - what both faces' frames share: the features' pages as components.
import { computed, h, ref, shallowRef, type Component } from "vue";
import features from "virtual:features";
import { mayOpenRounds, maySeeLists } from "@data/session";
import type { Page } from "@kit/parts";
import { route } from "@kit/route";
import { t } from "@kit/words";

const pages = features.flatMap((f) => f.pages ?? []);
/** The server decides what one may; a page that names a right is kept from whom it would only refuse. */
const rights = { rounds: mayOpenRounds, lists: maySeeLists };
export const menu = () => pages.filter((p) => p.order && (!p.right || rights[p.right].value)).sort((a, b) => a.order - b.order);

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
        if (page) return { path, is: component(page.load), page };
        const fallback = pages.find((p) => p.path === first);
        return fallback ? { path: first, is: component(fallback.load), page: fallback } : { path: first, is: own[first]! };
    });
}
export { features };
