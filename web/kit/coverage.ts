// coverage.ts - the six classes of a share and the hatch of none (colours are in tokens.css).
export const NONE = -1;
/** 0 <50, 1 50–69, 2 70–84, 3 85–94, 4 95–99, 5 all; NONE when there is nothing to share. */
export function classOf(part: number, whole: number): number {
    if (whole <= 0) return NONE;
    if (part >= whole) return 5;
    const hundred = (part * 100) / whole;
    return hundred < 50 ? 0 : hundred < 70 ? 1 : hundred < 85 ? 2 : hundred < 95 ? 3 : 4;
}
export const classLabels = ["<50", "50–69", "70–84", "85–94", "95–99", "100"];
export const classColours = ["#8c2d04", "#d9691a", "#f6b26b", "#f3e9c6", "#8ec1de", "#1f6fae"];
