// setting.ts - small wishes of this browser (language, type size, theme); nothing of residents.
import { ref, watch, type Ref } from "vue";

export function setting<T extends string>(name: string, otherwise: T): Ref<T> {
    const value = ref(otherwise) as Ref<T>;
    try {
        value.value = (localStorage.getItem(`wangge.${name}`) as T | null) ?? otherwise;
    } catch {
        /* a browser that keeps nothing still works */
    }
    watch(value, (now) => {
        try {
            localStorage.setItem(`wangge.${name}`, now);
        } catch {
            /* as above */
        }
    });
    return value;
}
