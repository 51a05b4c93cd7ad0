/** What is noted of one person who is different from the rest of the household. */
export interface Different {
    basis?: string;
    temps: { temp: number; method: string; at: number }[];
    symptoms: string[];
    key_area: boolean;
    away_until?: string; // last day away: the register is mended with the visit
    gone?: boolean; // lives elsewhere now: likewise
}
/** Whoever is not behind this door (any more) is checked by no visit here. */
export const absent = (d: Different | undefined) => !!d && (!!d.gone || !!d.away_until);

const PAUSE = 5 * 60_000; // out of the wind before a fever is taken again (rule R10)
/** When the only reading, at or above the line, is to be repeated; none when there is nothing to repeat. */
export function retestAt(d: Different | undefined, fever: number): number | undefined {
    const [first, second] = d?.temps ?? [];
    return first && !second && first.temp >= fever ? first.at + PAUSE : undefined;
}
