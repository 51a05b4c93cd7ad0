// What screening brings to the faces: the round, its coverage, the doors not yet entered, the visit itself.
import type { Card, Layer, Page } from "@kit/parts";

export const pages: Page[] = [
    { face: "command", path: "coverage", title: "screening.coverage", right: "figures", order: 20, icon: "table", load: () => import("./Coverage.vue") },
    { face: "command", path: "left", title: "screening.left", right: "lists", order: 30, icon: "doors", load: () => import("./Left.vue") },
    { face: "command", path: "phones", title: "screening.phones", right: "duties", order: 35, icon: "phone", load: () => import("./Phones.vue") },
    { face: "command", path: "rounds", title: "screening.rounds", right: "figures", order: 60, icon: "round", load: () => import("./Rounds.vue") },
    { face: "command", path: "visits", title: "screening.visits", right: "lists", order: 0, load: () => import("./Visits.vue") },
    { face: "field", path: "doors", title: "screening.my_doors", right: "lists", order: 10, icon: "doors", load: () => import("./Doors.vue") },
    { face: "field", path: "visit", title: "screening.visit", right: "visit for", order: 0, load: () => import("./Visit.vue") },
    { face: "field", path: "notes", title: "screening.notes", right: "visit", order: 0, load: () => import("./Notes.vue") },
    { face: "field", path: "handover", title: "screening.hand_over", right: "visit", order: 0, load: () => import("./Handover.vue") },
];
export const cards: Card[] = [
    { face: "field", place: "me", title: "screening.handed", order: 10, load: () => import("./Handed.vue") },
    { face: "command", place: "panel", title: "screening.figures", right: "figures", order: 10, load: () => import("./Figures.vue") },
    { face: "command", place: "panel", title: "screening.left", right: "lists", order: 40, load: () => import("./LeftCard.vue") },
    { face: "command", place: "below", title: "screening.coverage", right: "figures", order: 10, load: () => import("./Coverage.vue") },
];
export const layers: Layer[] = [
    { face: "command", name: "entered", title: "screening.layer_entered", right: "figures", order: 10, load: () => import("./layer-entered") },
    { face: "command", name: "screened", title: "screening.layer_screened", right: "figures", order: 20, load: () => import("./layer-screened") },
];
