// profile.ts - the hazard profile that stands: measures, forms, thresholds, code lists; kept for work without a network.
import { watch } from "vue";
import { get } from "./api";
import { shared, type Kept } from "./sync";

export interface Profile {
    hazard: string;
    revision: number;
    thresholds: Record<string, { value: number }> | null;
    measures: string[] | null;
    questionnaires: Record<string, Form> | null;
    codes: Record<string, { code: string; zh: string; en: string }[]> | null;
}
export interface Form {
    zh?: string;
    en?: string;
    items: Question[];
}
export interface Question {
    item: string;
    zh: string;
    en: string;
    type: "bool" | "code" | "number" | "day" | "text" | "temp";
    required?: boolean;
    min?: number;
    max?: number;
    codes?: string;
    options?: { code: string; zh: string; en: string }[];
    show?: { item: string; is: unknown };
}
/** `tell` gets the code lists as soon as they are known, and again when they change. */
export function openProfile(area: string, tell: (codes: unknown) => void): Kept<Profile> {
    const one = profile(area);
    watch(one.value, (p) => p && tell(p.codes), { immediate: true });
    return one;
}
export const profile = (area: string): Kept<Profile> => shared<Profile>("profile", () => get<Profile>("/api/profile/current", { area }));
