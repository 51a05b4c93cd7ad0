// What household brings to the faces: registering at the door, lists, finding and what is in dispute at the desk.
import type { Page } from "@kit/parts";

export const pages: Page[] = [
    {
        face: "command",
        path: "households",
        title: "household.households",
        right: "lists",
        order: 50,
        icon: "people",
        load: () => import("./Households.vue"),
    },
    { face: "command", path: "conflicts", title: "household.conflicts", right: "doors", order: 55, icon: "hole", load: () => import("./Conflicts.vue") },
    { face: "field", path: "newdoor", title: "household.new_door", right: "doors", order: 0, load: () => import("./NewDoor.vue") },
];
