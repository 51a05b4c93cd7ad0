// install.ts - the service worker: the page opens without a network, and a newer version waits until somebody takes it.
import { shallowRef } from "vue";

/** A newer version is here, whole. */
export const newer = shallowRef<ServiceWorker>();
let asked = false;

export async function install(): Promise<void> {
    const workers = navigator.serviceWorker;
    if (!workers) return;
    // Only a version that was asked for reloads the page; the first one takes over in silence.
    workers.addEventListener("controllerchange", () => asked && location.reload());
    const one = await workers.register("/sw.js", { updateViaCache: "none" });
    const look = () => (newer.value = (workers.controller && one.waiting) || undefined);
    look();
    one.addEventListener("updatefound", () => one.installing?.addEventListener("statechange", look));
    setInterval(() => void one.update().catch(() => undefined), 30 * 60_000);
}
export function take(): void {
    asked = true;
    newer.value?.postMessage("take");
}
