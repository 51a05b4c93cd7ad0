// state.ts - rounds, and how a door stands in one.
import { ask } from "@data/api";

export interface Round {
    round: string;
    name: string;
    trigger: string;
    area: string;
    opened_at: number;
    deadline: number | null;
    closed_at: number | null;
    villages: number;
    villages_frozen: number;
    current: number | boolean;
    measures?: unknown;
    questionnaire?: unknown;
}
export type State = "entered" | "pending" | "retry" | "refused" | "rejected" | "late" | "empty";
/** A door not yet entered, and why. */
export interface LeftRow {
    area: string;
    order: number;
    door: string;
    household: string | null;
    state: string;
    outcome: string | null;
    method: string | null;
    visits: number | null;
    retry_at: number | null;
    building: string | null;
    floor: string | null;
    room: string | null;
    head: string | null;
    phone: string | null;
}
export const marks = { entered: "done", pending: "open", retry: "again", refused: "refused", rejected: "warn", late: "late", empty: "empty" } as const;

export const askRounds = (area: string) => ask<Round>("screening/rounds", { area });
export const currentOf = (rounds: Round[] | undefined) => rounds?.find((r) => Boolean(r.current) && !r.closed_at);

/** What a visit makes of its door, as screening counts it: one without a household that a witness says is empty is no longer due. */
export function stateOf(outcome: string | undefined, witness: boolean, household: boolean): State {
    if (!household && outcome === "vacant" && witness) return "empty";
    if (outcome === "completed" || outcome === "partial" || ((outcome === "vacant" || outcome === "moved") && witness)) return "entered";
    return outcome === "refused" ? "refused" : "retry";
}
export const stateName = (text: string): State => (text in marks ? (text as State) : "pending");

export const countNames = ["households", "entered", "entered_door", "persons", "screened", "away", "late", "refused", "retry"] as const;
export type Counts = Record<(typeof countNames)[number] | "unowned", number>;
export const noCounts = (): Counts => ({
    households: 0,
    entered: 0,
    entered_door: 0,
    persons: 0,
    screened: 0,
    away: 0,
    late: 0,
    refused: 0,
    retry: 0,
    unowned: 0,
});
