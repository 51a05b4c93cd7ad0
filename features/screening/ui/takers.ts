// takers.ts - who walks doors in a village: asked when somebody wants to know, and kept.
import { ask } from "@data/api";
import { shared, type Kept } from "@data/sync";

export interface Taker {
    worker: string;
    name: string | null;
    phone: string | null;
    role: string;
    area: string;
    area_name: string;
}
/** The duties that one may hand on oneself: those at doors (features/duty/duty.c). */
export const atDoors = (d: { role: string }): boolean => ["grid_worker", "grid_head", "centre_head"].includes(d.role);
export const takersOf = (area: string): Kept<Taker[]> => shared(`takers:${area}`, () => ask<Taker>("duty/takers", { area }));
