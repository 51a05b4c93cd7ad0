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
export const takersOf = (area: string): Kept<Taker[]> => shared(`takers:${area}`, () => ask<Taker>("duty/takers", { area }));
