// declared.mjs - the pages every feature of features/LIST declares, as text: face, path, right, order (0: reached by links only).
import { existsSync, readFileSync } from "node:fs";

const root = new URL("..", import.meta.url).pathname;
const list = readFileSync(`${root}features/LIST`, "utf8").split("\n").map((l) => l.replace(/#.*/, "").trim()).filter(Boolean);
export const declared = list.map((name) => `${root}features/${name}/ui/index.ts`).filter((file) => existsSync(file)).flatMap((file) =>
    [...readFileSync(file, "utf8").matchAll(/\{\s*face: "(\w+)",\s*path: "([\w-]+)"([^}]*)/g)].map(([, face, path, rest]) => ({
        face, path, right: rest.match(/\bright: "([\w ]+)"/)?.[1], order: Number(rest.match(/\border: (\d+)/)[1]) })));
