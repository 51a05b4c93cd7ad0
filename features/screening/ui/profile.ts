// profile.ts - what the hazard profile and the round ask for at a door.
import { profile, type Form, type Profile, type Question } from "@data/profile";
import type { Round } from "./state";

export { profile };
/** Tenths of a degree (rule R8). */
export const feverLine = (p: Profile | undefined) => p?.thresholds?.fever_line?.value ?? 373;

/** The questions of a round: its own form, or one of the profile's by name; none when it names none. A code list offers its codes. */
export function questionsOf(round: Round | undefined, p: Profile | undefined): Question[] {
    let form: unknown = round?.questionnaire;
    if (typeof form === "string" && /^\s*[[{"]/.test(form)) {
        try {
            form = JSON.parse(form);
        } catch {
            return [];
        }
    }
    if (typeof form === "string") form = p?.questionnaires?.[form];
    const items = (form as Form | undefined)?.items ?? form;
    if (!Array.isArray(items)) return [];
    return (items as Question[]).map((q) => (q.type === "code" && !q.options && q.codes ? { ...q, options: p?.codes?.[q.codes] } : q));
}
/** A temperature is asked only where the round asks it. */
export const asksTemperature = (questions: Question[]) => questions.some((q) => q.type === "temp" || q.item === "temp");
