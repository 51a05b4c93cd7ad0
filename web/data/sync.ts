// sync.ts - answers that outlive the network: what was kept is shown at once, then asked anew.
import { ref, shallowRef, type Ref, type ShallowRef } from "vue";
import { Trouble } from "./api";
import { keep, recall } from "./store";

export interface Kept<T> {
    value: ShallowRef<T | undefined>;
    at: Ref<number>; // when it was answered
    trouble: Ref<Trouble | undefined>;
    asking: Ref<boolean>;
    /** Resolves when there is a value (kept or new) or neither can be had. */
    ready: Promise<void>;
    refresh(): Promise<void>;
}

/** A question whose last answer is kept under `key`; it is told that answer when it is asked again. */
export function kept<T>(key: string, question: (old?: T) => Promise<T>): Kept<T> {
    const value = shallowRef<T>();
    const at = ref(0);
    const trouble = ref<Trouble>();
    const asking = ref(false);

    async function refresh(): Promise<void> {
        asking.value = true;
        try {
            const fresh = await question(value.value);
            value.value = fresh;
            at.value = Date.now();
            trouble.value = undefined;
            await keep(key, fresh).catch(() => undefined);
        } catch (e) {
            trouble.value = e instanceof Trouble ? e : new Trouble("page.broken");
        } finally {
            asking.value = false;
        }
    }
    async function start(): Promise<void> {
        const old = await recall<T>(key).catch(() => undefined);
        if (old) {
            value.value = old.value;
            at.value = old.at;
            void refresh();
        } else await refresh();
    }
    return { value, at, trouble, asking, ready: start(), refresh };
}

const open = new Map<string, Kept<unknown>>();
/** The same question under the same key is asked once and shared by pages. */
export function shared<T>(key: string, question: (old?: T) => Promise<T>): Kept<T> {
    let one = open.get(key);
    if (!one) open.set(key, (one = kept(key, question) as Kept<unknown>));
    return one as Kept<T>;
}
