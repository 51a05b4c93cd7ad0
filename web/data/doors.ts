// doors.ts - doors and the households behind them as lists give them, in walking order.
export interface Slot {
    area: string;
    order: number;
    door: string;
    household: string | null; // none: a door nobody is registered behind
    kind: string | null;
    head: string | null;
    phone: string | null;
    contact: string | null;
    persons: number;
    away: number;
    speaks: string | null;
    needs: string[] | string | null;
    centre: string | null;
    is_centre: number | boolean;
    building: string | null;
    floor: string | null;
    room: string | null;
    use: string | null;
    landlord?: string | null;
}
export interface Member {
    person: string;
    name: string | null;
    sex: string | null;
    birth: string | null;
    phone: string | null;
    relation: string | null;
    away_until: string | null;
}
/** What a round counts: the household, or the door that has none. */
export const slotOf = (s: { household?: string | null; door: string }) => s.household || s.door;

/** "3栋 2楼 201": whatever is known of where the door is; empty when nothing is. */
export function doorLabel(s: { building?: string | null; floor?: string | null; room?: string | null }): string {
    return [s.building, s.floor, s.room].filter(Boolean).join(" ");
}
/** Lists come as lists, or as the text of one, or not at all. */
export function listOf(value: unknown): string[] {
    if (Array.isArray(value))
        return value
            .map((v) =>
                typeof v === "string"
                    ? v
                    : String((v as { code?: string; measure?: string })?.code ?? (v as { measure?: string })?.measure ?? ""),
            )
            .filter(Boolean);
    if (typeof value !== "string" || !value) return [];
    try {
        return listOf(JSON.parse(value));
    } catch {
        return value.split(/[,\s]+/).filter(Boolean);
    }
}
