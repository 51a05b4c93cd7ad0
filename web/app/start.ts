// start.ts - what every face does first: words, theme, then the frame.
import { createApp, type Component } from "vue";
import { lateWords, openWords } from "@kit/words";
import "@kit/tokens.css";
import "@kit/base.css";

export async function start(frame: Component, face: string, whole = false): Promise<void> {
    document.documentElement.dataset.face = face;
    await openWords(
        {
            zh: () => import("virtual:words/zh"),
            en: () => import("virtual:words/en"),
        },
        __FACE__ === "field" ? { zh: () => import("virtual:words/zh/late"), en: () => import("virtual:words/en/late") } : undefined,
    );
    if (whole) await lateWords();
    createApp(frame).mount("#app");
    setTimeout(() => void import("./fork").catch(() => undefined), 2000);
}
