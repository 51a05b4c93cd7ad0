// pieces.ts - the pieces a map is drawn from, whether there is geometry or not.
//
// World units are Web Mercator at zoom 16, relative to the first piece, so that
// single-precision drawing keeps the street.  A schematic uses the same units.

export interface Piece {
    id: string;
    level: number;
    path?: Path2D;
    rings?: Float64Array[];
    point?: [x: number, y: number];
    box: [x0: number, y0: number, x1: number, y1: number];
}
export const ZOOM = 16;
const SIZE = 256 * 2 ** ZOOM;

export const worldX = (lon: number) => ((lon + 180) / 360) * SIZE;
export function worldY(lat: number): number {
    const s = Math.sin((lat * Math.PI) / 180);
    return (0.5 - Math.log((1 + s) / (1 - s)) / (4 * Math.PI)) * SIZE;
}
export const lonOf = (x: number) => (x / SIZE) * 360 - 180;
export const latOf = (y: number) => (Math.atan(Math.sinh(Math.PI * (1 - (2 * y) / SIZE))) * 180) / Math.PI;

export interface Drawing {
    origin: [number, number];
    pieces: Piece[];
    box: Piece["box"]; // world units from the origin
    schematic: boolean;
    synthetic: boolean;
}

/** From the delta-coded answer of area/shapes. */
export function fromShapes(answer: {
    scale: number;
    synthetic: boolean;
    shapes: { area: string; level: number; rings?: number[][]; point?: [number, number] }[];
}): Drawing {
    const pieces: Piece[] = [];
    let origin: [number, number] | undefined;
    for (const shape of answer.shapes) {
        const rings: Float64Array[] = [];
        for (const flat of shape.rings ?? []) {
            const ring = new Float64Array(flat.length);
            for (let i = 0, x = 0, y = 0; i + 1 < flat.length; i += 2) {
                x += flat[i]!;
                y += flat[i + 1]!;
                const wx = worldX(x / answer.scale);
                const wy = worldY(y / answer.scale);
                origin ??= [wx, wy];
                ring[i] = wx - origin[0];
                ring[i + 1] = wy - origin[1];
            }
            if (ring.length >= 6) rings.push(ring);
        }
        let point: [number, number] | undefined;
        if (!rings.length && shape.point) {
            const wx = worldX(shape.point[0] / answer.scale);
            const wy = worldY(shape.point[1] / answer.scale);
            origin ??= [wx, wy];
            point = [wx - origin[0], wy - origin[1]];
        }
        if (rings.length || point) pieces.push(piece(shape.area, shape.level, rings, point));
    }
    return whole(pieces, origin ?? [worldX(116.7), worldY(23.35)], false, answer.synthetic);
}

function piece(id: string, level: number, rings: Float64Array[], point?: [number, number]): Piece {
    const box: Piece["box"] = point ? [point[0], point[1], point[0], point[1]] : [Infinity, Infinity, -Infinity, -Infinity];
    let path: Path2D | undefined;
    if (rings.length) {
        path = new Path2D();
        for (const ring of rings) {
            for (let i = 0; i < ring.length; i += 2) {
                const x = ring[i]!;
                const y = ring[i + 1]!;
                if (i) path.lineTo(x, y);
                else path.moveTo(x, y);
                box[0] = Math.min(box[0], x);
                box[1] = Math.min(box[1], y);
                box[2] = Math.max(box[2], x);
                box[3] = Math.max(box[3], y);
            }
            path.closePath();
        }
    }
    return { id, level, path, rings: rings.length ? rings : undefined, point, box };
}
function whole(pieces: Piece[], origin: [number, number], schematic: boolean, synthetic: boolean): Drawing {
    const box: Piece["box"] = [Infinity, Infinity, -Infinity, -Infinity];
    for (const p of pieces) {
        box[0] = Math.min(box[0], p.box[0]);
        box[1] = Math.min(box[1], p.box[1]);
        box[2] = Math.max(box[2], p.box[2]);
        box[3] = Math.max(box[3], p.box[3]);
    }
    if (!pieces.length) box.splice(0, 4, -4000, -4000, 4000, 4000);
    return { origin, pieces, box, schematic, synthetic };
}

export interface Node {
    id: string;
    level: number;
    weight: number;
    below: Node[];
}
/** A map of a tree that has no geometry: each area a rectangle, its parts inside it (squarified). */
export function fromTree(root: Node): Drawing {
    const pieces: Piece[] = [];
    const origin: [number, number] = [worldX(116.7), worldY(23.35)];
    const sum = (n: Node): number => (n.below.length ? n.below.reduce((s, c) => s + sum(c), 0) : Math.max(n.weight, 1));
    const lay = (n: Node, x: number, y: number, w: number, h: number): void => {
        pieces.push(piece(n.id, n.level, [Float64Array.of(x, y, x + w, y, x + w, y + h, x, y + h)]));
        if (!n.below.length) return;
        const gap = Math.min(w, h) * 0.012;
        let left = n.below.map((c) => ({ c, size: sum(c) })).sort((a, b) => b.size - a.size);
        let rest = { x: x + gap, y: y + gap, w: w - 2 * gap, h: h - 2 * gap };
        let total = left.reduce((s, l) => s + l.size, 0);
        while (left.length) {
            // Take the longest row that does not worsen the worst proportion.
            const side = Math.min(rest.w, rest.h);
            const area = (rest.w * rest.h) / total;
            let take = 0;
            let row = 0;
            let best = Infinity;
            for (let i = 0; i < left.length; i++) {
                const next = row + left[i]!.size * area;
                const thick = next / side;
                const worst = Math.max(
                    ...left.slice(0, i + 1).map((l) => Math.max((l.size * area) / thick / thick, (thick * thick) / (l.size * area))),
                );
                if (worst > best) break;
                best = worst;
                row = next;
                take = i + 1;
            }
            const thick = row / side;
            let at = 0;
            for (const { c, size } of left.slice(0, take)) {
                const long = (size * area) / thick;
                if (rest.w >= rest.h) lay(c, rest.x, rest.y + at, thick, long);
                else lay(c, rest.x + at, rest.y, long, thick);
                at += long;
                total -= size;
            }
            rest = rest.w >= rest.h ? { ...rest, x: rest.x + thick, w: rest.w - thick } : { ...rest, y: rest.y + thick, h: rest.h - thick };
            left = left.slice(take);
        }
    };
    lay(root, -8000, -5000, 16000, 10000);
    return whole(pieces, origin, true, false);
}

/** Even-odd test, so that holes are holes. */
export function holds(p: Piece, x: number, y: number, near: number): boolean {
    if (p.point) return Math.hypot(p.point[0] - x, p.point[1] - y) <= near;
    if (!p.rings || x < p.box[0] || x > p.box[2] || y < p.box[1] || y > p.box[3]) return false;
    let inside = false;
    for (const ring of p.rings)
        for (let i = 0, j = ring.length - 2; i < ring.length; j = i, i += 2) {
            const yi = ring[i + 1]!;
            const yj = ring[j + 1]!;
            if (yi > y !== yj > y && x < ((ring[j]! - ring[i]!) * (y - yi)) / (yj - yi) + ring[i]!) inside = !inside;
        }
    return inside;
}
