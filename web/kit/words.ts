// words.ts - two languages by one table a language, loaded when chosen.
//
// A key that has no word shows itself: a hole is seen, nothing breaks.
import { ref, shallowRef, watch } from "vue";
import { setting } from "./setting";

export type Language = "zh" | "en";
type Chunk = { default: [prefix: string, words: Record<string, string>][] };

export const language = setting<Language>("language", "zh");
const table = shallowRef<Map<string, string>>(new Map());
export const worded = ref(false);
type Chunks = Record<Language, () => Promise<Chunk>>;
let chunks: Chunks;
let more: Chunks | undefined;

/** The app says where its words are; resolves when the first language is here. Those in `later` are waited for by the pages that need them. */
export async function openWords(from: Chunks, later?: Chunks): Promise<void> {
    chunks = from;
    await load();
    more = later;
    watch(language, () => void load().then(lateWords));
}
/** Resolves when every word of the language is here. */
export async function lateWords(): Promise<void> {
    if (more) await load(more);
}
async function load(from = chunks): Promise<void> {
    const wanted = language.value;
    const chunk = await from[wanted]().catch(() => undefined);
    if (!chunk || wanted !== language.value) return;
    const words = new Map<string, string>(from === chunks ? [] : table.value);
    for (const [prefix, list] of chunk.default) for (const [key, word] of Object.entries(list)) words.set(prefix + key, word);
    table.value = words;
    document.documentElement.lang = wanted === "zh" ? "zh-CN" : "en";
    worded.value = true;
}

/** The word for a key, its {holes} filled. */
export function t(key: string, holes?: Record<string, string | number | null | undefined>): string {
    const word = table.value.get(key) ?? key;
    return holes ? word.replace(/\{(\w+)\}/g, (_, name: string) => String(holes[name] ?? "")) : word;
}
type Item = { code: string; zh?: string; en?: string };
const lists = shallowRef<Map<string, Item>>(new Map());
/** The code lists as the hazard profile gives them: their words are data, not ours. */
export function takeCodes(codes: unknown): void {
    const all = new Map<string, Item>();
    for (const [list, items] of Object.entries((codes ?? {}) as Record<string, Item[]>))
        for (const item of items) all.set(`${list}.${item.code}`, item);
    lists.value = all;
}
/** The word of a code of a list: `code("duty_role", "secretary")`; unknown codes show themselves. */
export function code(list: string, item: string | null | undefined): string {
    return item ? (lists.value.get(`${list}.${item}`)?.[language.value] ?? item) : "";
}
/** What a refusal means: the frames' word of its key, the feature's own (`refused_…`), that of the part before the dot, or the key itself. */
export function troubleWord(trouble: { key: string; field?: string }): string {
    const { key, field } = trouble;
    const [part] = key.split(".");
    const like = { body: "request", json: "request", query: "request", keys: "store", ledger: "busy", door: "household" }[part!];
    const words = [`trouble.${key}`, `${part}.refused_${key.replace(".", "_")}`, `trouble.${part}`, `trouble.${like}`];
    const found = words.find((w) => table.value.has(w));
    const word = found ? t(found) : t("trouble.other", { key });
    return field ? `${word} · ${field}` : word;
}
