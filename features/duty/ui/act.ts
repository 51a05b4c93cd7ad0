// act.ts - doing one thing from a dialog: busy while it runs, the refusal kept in words, the dialog open until it is done.
import { ref, shallowRef } from "vue";
import { Trouble, write } from "@data/api";
import { newId } from "@data/id";

export function useAct() {
    const busy = ref(false);
    const trouble = shallowRef<Trouble>();
    async function act(work: () => Promise<void>): Promise<void> {
        if (busy.value) return;
        busy.value = true;
        trouble.value = undefined;
        try {
            await work();
        } catch (e) {
            trouble.value = e instanceof Trouble ? e : new Trouble("page.broken");
        } finally {
            busy.value = false;
        }
    }
    return { busy, trouble, act };
}
export const order = (type: string, area: string, body: Record<string, unknown>) => write({ id: newId(), type, area, at: Date.now(), body });
