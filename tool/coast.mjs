// coast.mjs - makes data/coast.json: the land around Shantou, for the drill's synthetic map.
// Usage: node tool/coast.mjs node_modules/world-atlas/land-10m.json data/coast.json
// Natural Earth 1:10m is public domain; world-atlas is only its packing as TopoJSON.
import { readFileSync, writeFileSync } from "node:fs";

const [, , input, output] = process.argv;
const box = [116.0, 22.8, 117.4, 23.9];
const topology = JSON.parse(readFileSync(input, "utf8"));
const { scale, translate } = topology.transform;

// TopoJSON: arcs are delta coded and quantised; a negative number is an arc walked backwards.
const arcs = topology.arcs.map((arc) => {
    let x = 0;
    let y = 0;
    return arc.map(([dx, dy]) => [(x += dx) * scale[0] + translate[0], (y += dy) * scale[1] + translate[1]]);
});
const ring = (numbers) => numbers.flatMap((n, i) => (n < 0 ? arcs[~n].toReversed() : arcs[n]).slice(i ? 1 : 0));
const polygons = (g) =>
    ({ GeometryCollection: () => g.geometries.flatMap(polygons), Polygon: () => [g.arcs], MultiPolygon: () => g.arcs })[g.type]?.() ?? [];

// Sutherland-Hodgman against one side of the box after another; lakes are left out.
function clip(points) {
    for (const [axis, edge, sign] of [[0, box[0], 1], [0, box[2], -1], [1, box[1], 1], [1, box[3], -1]]) {
        const kept = [];
        points.forEach((b, i) => {
            const a = points.at(i - 1);
            const [inA, inB] = [(a[axis] - edge) * sign >= 0, (b[axis] - edge) * sign >= 0];
            if (inA !== inB) {
                const t = (edge - a[axis]) / (b[axis] - a[axis]);
                kept.push([a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])]);
            }
            if (inB) kept.push(b);
        });
        points = kept;
    }
    return points;
}

const land = [];
for (const polygon of Object.values(topology.objects).flatMap(polygons)) {
    const points = clip(ring(polygon[0]).slice(0, -1)).map((p) => p.map((v) => Math.round(v * 1e4)));
    const clean = points.filter((p, i) => i === 0 || p[0] !== points[i - 1][0] || p[1] !== points[i - 1][1]);
    if (clean.length > 3) land.push([...clean, clean[0]]);
}
const text = {
    what: "Land around Shantou, for synthetic polygons only; not a boundary of anything. Rings of [lon, lat], WGS-84, in 1/10000 degree.",
    source: "Natural Earth 1:10m land, as packed by npm world-atlas 2.0.2 (land-10m.json); made by tool/coast.mjs",
    licence: "Public domain (Natural Earth)",
    scale: 10000,
    box: box.map((v) => Math.round(v * 1e4)),
};
writeFileSync(output, JSON.stringify(text).slice(0, -1) + ',"land":[\n' + land.map((r) => JSON.stringify(r)).join(",\n") + "\n]}\n");
