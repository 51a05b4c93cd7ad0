// vite-features.mjs - gives each face of the web its pages: reads features/LIST
// and offers the features' ui/index.ts as modules.
//
//   virtual:features    the list of them, leftmost first, for the face being built
//   virtual:words/zh    the words of the frames and of every feature that this face needs, one chunk a language;
//                       of the phone's those that its first screens name (FIRST)
//   virtual:words/zh/late   the phone's other words
//
// Entries of pages, layers and cards that name another face are cut out of
// index.ts before bundling, so that no face carries another's chunks.
import { existsSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";

// What a phone shows before anything is tapped.
const FIRST = ["web/app/Field.vue", "web/app/Pin.vue", "web/app/DrillStrip.vue", "web/kit/Trouble.vue", "features/screening/ui/Doors.vue"];

/** `plain` makes JavaScript of a file's TypeScript. */
export default function features({ root, face, plain }) {
    const folder = join(root, "features");
    const list = join(folder, "LIST");
    const names = () =>
        readFileSync(list, "utf8")
            .split("\n")
            .map((l) => l.replace(/#.*/, "").trim())
            .filter(Boolean);
    const having = (file) =>
        names()
            .map((name) => ({ name, file: join(folder, name, "ui", file) }))
            .filter((f) => existsSync(f.file));
    const isIndex = (id) => id.startsWith(folder + sep) && id.endsWith(`${sep}ui${sep}index.ts`);

    async function wordsOf(language, late) {
        const own = face === "all" ? ["both", "field", "command"] : ["both", face];
        const early = face === "field" ? wanted(root, having("index.ts")) : () => true;
        const lists = [];
        for (const { name, file } of [{ name: "", file: join(root, "web/app", `${language}.ts`) }, ...having(`${language}.ts`)]) {
            const { code } = await plain(readFileSync(file, "utf8"), file);
            const all = await import(`data:text/javascript;base64,${Buffer.from(code).toString("base64")}`);
            const prefix = name && `${name}.`;
            for (const list of own.filter((o) => all[o])) {
                const these = Object.entries(all[list]).filter(([key]) => early(prefix + key) !== late);
                if (these.length) lists.push([prefix, Object.fromEntries(these)]);
            }
        }
        return `export default ${JSON.stringify(lists)};\n`;
    }
    return {
        name: "wangge-features",
        resolveId: (id) => (/^virtual:(features|words\/(zh|en)(\/late)?)$/.test(id) ? "\0" + id : null),
        load(id) {
            if (id === "\0virtual:features") {
                const all = having("index.ts");
                this.addWatchFile(list);
                return (
                    all.map((f, i) => `import * as f${i} from ${JSON.stringify(f.file)};\n`).join("") +
                    `export default [${all.map((f, i) => `{ name: ${JSON.stringify(f.name)}, ...f${i} }`).join(", ")}];\n`
                );
            }
            const words = /^\0virtual:words\/(\w+)(\/late)?$/.exec(id);
            return words ? wordsOf(words[1], Boolean(words[2])) : null;
        },
        transform(code, id) {
            if (!isIndex(id) || face === "all") return null;
            return { code: cut(this.parse(code), code, face), map: null };
        },
    };
}

/* Whether a word is named by the first screens: as it is, or as the beginning of a key that is put together. */
function wanted(root, indexes) {
    const read = (f) => readFileSync(f, "utf8"), reached = /\{[^{}]*\b(order: 0|place: "me")[^{}]*\}/g; // by links only: their titles stand in no menu
    const text = [...FIRST.map((f) => read(join(root, f))), ...indexes.map((f) => read(f.file).replace(reached, ""))].join("\n");
    const titles = new Set([...text.matchAll(/title: "([\w.]+)"/g)].map(([, key]) => key));
    const named = new Set([...text.matchAll(/["'`]([\w.]+)(?:["'`]|\$\{)/g)].map(([, key]) => key));
    return (key) => titles.has(key) || named.has(key) || (key.includes("_") && named.has(key.replace(/[^_]*$/, "")));
}

/* Drops the elements of exported lists whose `face` is another one. */
function cut(tree, code, face) {
    const gone = [];
    for (const node of tree.body)
        for (const declared of node.declaration?.declarations ?? [])
            if (declared.init?.type === "ArrayExpression")
                for (const item of declared.init.elements) {
                    const named = item.properties?.find((p) => p.key?.name === "face")?.value.value;
                    if (named && named !== face) gone.push([item.start, item.end]);
                }
    for (const [start, end] of gone.reverse()) {
        const comma = /^\s*,/.exec(code.slice(end))?.[0].length ?? 0;
        code = code.slice(0, start) + code.slice(end + comma);
    }
    return code;
}
