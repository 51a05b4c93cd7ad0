// figures.ts - numbers, shares and times as people read them; the clock is China's.
import { language } from "./words";

const locale = () => (language.value === "zh" ? "zh-CN" : "en-GB");
const zone = "Asia/Shanghai";

export const number = (n: number | null | undefined) => (n ?? 0).toLocaleString(locale());
/** Never rounded up: 99.96 % of the doors is not all of them. */
export function share(part: number, whole: number): string {
    if (whole <= 0) return "–";
    if (part >= whole) return "100%";
    const tenths = Math.floor((part * 1000) / whole);
    return `${Math.floor(tenths / 10)}.${tenths % 10}%`;
}
export const temperature = (tenths: number) => (tenths / 10).toFixed(1);

export function time(ms: number): string {
    return new Date(ms).toLocaleTimeString(locale(), { timeZone: zone, hour: "2-digit", minute: "2-digit", hour12: false });
}
export function day(ms: number): string {
    return new Date(ms).toLocaleDateString(locale(), { timeZone: zone, month: "short", day: "numeric" });
}
export const moment = (ms: number) => `${day(ms)} ${time(ms)}`;
/** "2020-02-05" of a moment, in China. */
export const dayText = (ms: number) => new Date(ms + 8 * 3_600_000).toISOString().slice(0, 10);
/** "19:05", likewise. */
export const hourText = (ms: number) => new Date(ms + 8 * 3_600_000).toISOString().slice(11, 16);
/** The moment of "2020-02-05", "19:05", likewise; NaN when it is none. */
export const momentOf = (day: string, hour: string) => Date.parse(`${day}T${hour}:00+08:00`);
/** The moment of an hour of the day `days` from now, in China. */
export function atHour(days: number, hour: number, now = Date.now()): number {
    return momentOf(dayText(now + days * 86_400_000), `${String(hour).padStart(2, "0")}:00`);
}
