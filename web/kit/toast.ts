// toast.ts - one short sentence at the foot of the screen; also read aloud.
import { shallowRef } from "vue";

export interface Toast {
    text: string;
    tone: "ok" | "warn" | "bad";
}
export const toast = shallowRef<Toast>();
let timer: ReturnType<typeof setTimeout> | undefined;
export function say(text: string, tone: Toast["tone"] = "ok"): void {
    toast.value = { text, tone };
    clearTimeout(timer);
    timer = setTimeout(() => (toast.value = undefined), tone === "bad" ? 8000 : 3500);
}
