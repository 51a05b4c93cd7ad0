// vite-features.mjs - gives each face of the web its pages: reads features/LIST
// and offers the features' ui/index.ts as modules.
//
//   virtual:features    the list of them, leftmost first, for the face being built
//   virtual:words/zh    the words of the frames and of every feature that this face needs, one chunk a language
//
// Entries of pages, layers and cards that name another face are cut out of
// index.ts before bundling, so that no face carries another's chunks.
import { existsSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";

export default function features({ root, face }) {
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

    return {
        name: "wangge-features",
        resolveId: (id) => (/^virtual:(features|words\/(zh|en))$/.test(id) ? "\0" + id : null),
        load(id) {
            if (id === "\0virtual:features") {
                const all = having("index.ts");
                this.addWatchFile(list);
                return (
                    all.map((f, i) => `import * as f${i} from ${JSON.stringify(f.file)};\n`).join("") +
                    `export default [${all.map((f, i) => `{ name: ${JSON.stringify(f.name)}, ...f${i} }`).join(", ")}];\n`
                );
            }
            const words = /^\0virtual:words\/(\w+)$/.exec(id);
            if (words) {
                const all = [{ name: "", file: join(root, "web/app", `${words[1]}.ts`) }, ...having(`${words[1]}.ts`)];
                const own = face === "all" ? ["both", "field", "command"] : ["both", face];
                const has = (file, o) => new RegExp(`^export const ${o}\\b`, "m").test(readFileSync(file, "utf8"));
                const pairs = all.flatMap((f, i) =>
                    own.filter((o) => has(f.file, o)).map((o) => `[${JSON.stringify(f.name && f.name + ".")}, w${i}.${o}]`),
                );
                return (
                    all.map((f, i) => `import * as w${i} from ${JSON.stringify(f.file)};\n`).join("") +
                    `export default [${pairs.join(", ")}];\n`
                );
            }
            return null;
        },
        transform(code, id) {
            if (!isIndex(id) || face === "all") return null;
            return { code: cut(this.parse(code), code, face), map: null };
        },
    };
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
