// route.ts - where one is: `#/path?name=value`. The hash works without a server that knows the pages.
import { computed, shallowRef } from "vue";

export interface Route {
    path: string;
    query: Record<string, string>;
}
function parse(hash: string): Route {
    const [path = "", search = ""] = hash.replace(/^#\/?/, "").split("?");
    return { path, query: Object.fromEntries(new URLSearchParams(search)) };
}
export const route = shallowRef<Route>(parse(location.hash));
addEventListener("hashchange", () => (route.value = parse(location.hash)));

/** Names whose value every link takes along, unless it says otherwise. */
export const sticky = new Set<string>();

export function link(path: string, query: Record<string, string | number | null | undefined> = {}): string {
    for (const name of sticky) if (!(name in query)) query = { ...query, [name]: route.value.query[name] };
    const set = Object.entries(query).filter(([, v]) => v !== undefined && v !== null && v !== "");
    const text = set.map(([k, v]) => `${k}=${encodeURIComponent(String(v))}`).join("&");
    return `#/${path}${text ? `?${text}` : ""}`;
}
export function go(path: string, query: Record<string, string | number | null | undefined> = {}, replace = false): void {
    const hash = link(path, query);
    if (hash === location.hash) return;
    if (replace) {
        history.replaceState(null, "", hash);
        route.value = parse(hash);
    } else location.hash = hash;
}
/** Stays on the page and changes some of the query. */
export function turn(query: Record<string, string | number | null | undefined>, replace = false): void {
    go(route.value.path, { ...route.value.query, ...query }, replace);
}
/** The area everything on the screen is about; the app sets what stands when the address names none. */
export const homeArea = shallowRef("");
export const selected = computed(() => route.value.query.area || homeArea.value);
export const select = (area: string) => turn({ area });
