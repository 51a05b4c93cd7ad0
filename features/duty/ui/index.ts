// What duty brings to the desk: who answers, what nobody answers for, the people, and what a new village does next.
import type { Card, Page } from "@kit/parts";

export const pages: Page[] = [
    { face: "command", path: "holes", title: "duty.holes", right: "figures", order: 40, icon: "hole", load: () => import("./HolesPage.vue") },
    { face: "command", path: "people", title: "duty.people", right: "lists", order: 80, icon: "me", load: () => import("./People.vue") },
    { face: "command", path: "paper", title: "duty.paper", right: "lists", order: 0, load: () => import("./Paper.vue") },
];
export const cards: Card[] = [
    { face: "command", place: "panel", title: "duty.next", right: "lists", order: 5, load: () => import("./Next.vue") },
    { face: "command", place: "panel", title: "duty.chain", order: 20, load: () => import("./Chain.vue") },
    { face: "command", place: "panel", title: "duty.holes", right: "figures", order: 30, load: () => import("./Holes.vue") },
];
