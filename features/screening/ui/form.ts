// form.ts - whether answers fit a round's questions: the rules of ../form.c, which test/story/form.mjs holds both to.
import type { Question } from "@data/profile";

export type Answers = Record<string, string | number | boolean>;
const TEXT_MOST = 200; // characters, where a question says nothing else

export const showing = (q: Question, answers: Answers) => !q.show || answers[q.show.item] === q.show.is;

function day(text: string): boolean {
    const at = /^\d{4}-\d\d-\d\d$/.test(text) ? new Date(`${text}T00:00:00Z`) : undefined;
    return !!at && !isNaN(at.getTime()) && at.toISOString().startsWith(text);
}
export function fits(q: Question, value: unknown): boolean {
    const within = (n: number, least: number, most: number) => n >= (q.min ?? least) && n <= (q.max ?? most);
    if (q.type === "bool") return typeof value === "boolean";
    if (q.type === "number") return Number.isSafeInteger(value) && within(value as number, -Infinity, Infinity);
    if (typeof value !== "string") return false;
    if (q.type === "day") return day(value);
    if (q.type === "text") return within([...value].length, 1, TEXT_MOST);
    return !!q.options?.some((o) => o.code === value);
}
/** What the server would refuse of these answers, and by which word; nothing when it takes them all. */
export function misfit(questions: Question[], answers: { item: string; value: unknown }[]): { key: string; at: number } | undefined {
    const told = new Map<string, unknown>();
    for (const { item, value } of answers) if (!told.has(item)) told.set(item, value);
    for (const [at, { item, value }] of answers.entries()) {
        const q = questions.find((x) => x.item === item);
        const twice = answers.findIndex((a) => a.item === item) < at;
        if (!q || q.type === "temp" || twice || (q.show && told.get(q.show.item) !== q.show.is)) return { key: "screening.answer_item", at };
        if (!fits(q, value)) return { key: "screening.answer_value", at };
    }
    return undefined;
}
/** What is still to be answered. */
export const unanswered = (questions: Question[], answers: Answers) =>
    questions.some((q) => q.required && answers[q.item] === undefined && showing(q, answers));
export const listed = (answers: Answers) => Object.entries(answers).map(([item, value]) => ({ item, value }));
