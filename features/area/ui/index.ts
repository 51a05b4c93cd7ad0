// What area brings to the desk: cutting a village into grids, and keeping them in order.
import type { Page } from "@kit/parts";

export const pages: Page[] = [
    { face: "command", path: "grids", title: "area.grids", right: "figures", order: 70, icon: "plus", load: () => import("./Grids.vue") },
];
