// pages.mjs - which role finds which page in its menu, where signing in leads it,
// and which acts the pages offer it, held against test/roles.mjs.  The menu's own
// filter is run, over the pages of every feature in features/LIST and one invented
// page for each right a page may name, so that a new page is covered.
import { readFileSync } from "node:fs";
import { report } from "./report.mjs";
import { declared } from "../declared.mjs";
import { rightsOf, roles } from "../roles.mjs";
import { build } from "../../web/node_modules/esbuild/lib/main.js";
import features from "../../tool/vite-features.mjs";

const root = new URL("../..", import.meta.url).pathname, web = `${root}web`;
const rights = [...new Set(Object.keys(roles).flatMap((role) => [...rightsOf(role)]))].filter((right) => right !== "signed_in");
const faces = { command: "Command", field: "Field" };
const probes = Object.keys(faces).flatMap((face) => rights.map((right) => ({ face, path: `probe-${right}`, title: "", right, order: 1 })));

// What a frame shows in its menu is one line of it; it may lean on what the frame imports from plain modules.
const frame = (face) => {
    const text = readFileSync(`${web}/app/${faces[face]}.vue`, "utf8");
    const plain = [...text.matchAll(/^import \{[^}]*\} from "(@data\/session|\.\/frame)";$/gm)].map(([line]) => line);
    return `${plain.join("\n")}\nexport const entries = () => ${text.match(/^const entries = computed\(\(\) => (.*)\);$/m)[1]};`;
};
async function run(face) {
    const made = features({ root, face: "all" });   // cutting away the other face is Rollup's work
    const entry = `export * from "entries"; export { session, may } from "@data/session";
        export { mayCut } from "${root}features/area/ui/grids"; export * from "${root}features/duty/ui/people";`;
    const { outputFiles } = await build({
        stdin: { contents: entry, resolveDir: `${web}/app`, loader: "ts" }, bundle: true, write: false, format: "esm", platform: "node",
        absWorkingDir: root, nodePaths: [`${web}/node_modules`], alias: { "@kit": `${web}/kit`, "@data": `${web}/data` }, logLevel: "error",
        plugins: [{
            name: "house",
            setup(b) {
                b.onResolve({ filter: /./ }, (a) => (a.kind === "dynamic-import" ? { path: a.path, external: true } : undefined));
                b.onResolve({ filter: /^(entries|virtual:features)$/ }, (a) => ({ path: a.path, namespace: "house" }));
                b.onLoad({ filter: /^entries$/, namespace: "house" }, () => ({ contents: frame(face), loader: "ts", resolveDir: `${web}/app` }));
                b.onLoad({ filter: /^virtual/, namespace: "house" }, () => ({
                    contents: made.load.call({ addWatchFile() {} }, "\0virtual:features")
                        .replace("export default [", `export default [{ name: "probe", pages: ${JSON.stringify(probes)} }, `),
                    loader: "ts", resolveDir: root,
                }));
            },
        }],
    });
    return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);
}
// What a browser has and these modules look at when they begin.
Object.assign(globalThis, { location: { hash: "" }, addEventListener() {}, localStorage: { getItem: () => null, setItem() {} } });

const here = "440513108216";
const menus = [], acts = [];
const people = [...Object.keys(roles).map((role) => [role]), [], ["auditor", "secretary"]];
let looks = 0;
for (const face of Object.keys(faces)) {
    const page = await run(face);
    for (const held of people) {
        const rightsIn = (role) => [...rightsOf(role)].filter((right) => right !== "signed_in");      // as the server says them: rights.mjs
        const duties = held.map((role) => ({ area: here, name: "", level: 4, role, rights: rightsIn(role) }));
        const has = (right) => held.some((role) => rightsOf(role).has(right)), who = held.join("+") || "nobody";
        page.session.value = { duties };
        // The desk's bundle holds both faces' pages here: each page is judged in the menu of its own.
        const shown = new Set(page.entries().filter((p) => p.face === face).map((p) => p.path));
        for (const p of [...declared, ...probes].filter((p) => p.face === face)) {
            const may = p.order > 0 && (!p.right || p.right.split(" ").some(has));
            looks++;
            if (shown.has(p.path) !== may) menus.push(`${who} ${face} ${p.path}: ${may ? "missing" : "shown"}`);
        }
        for (const right of rights) if (page.may(right) !== has(right)) acts.push(`${who} may ${right}: ${!has(right)}`);
        const wanted = { mayCut: has("grids"), mayAssign: has("duties"), mayGiveAccounts: has("duties") || has("accounts") };
        for (const [act, may] of Object.entries(wanted)) {
            const offered = typeof page[act] === "function" ? page[act](here) : page[act].value;
            if (offered !== may) acts.push(`${who} ${act}: ${offered}`);
        }
        for (const [role, level] of [["volunteer", 3], ["grid_worker", 4], ["grid_worker", 3], ["auditor", 4]]) {
            const may = role === "auditor" ? has("accounts") : level === 4 || !rightsOf(role).has("open");
            if (page.mayBeGiven(role, { area: here, level }) !== may) acts.push(`${who} gives ${role} at ${level}: ${!may}`);
        }
    }
}
if (declared.length < 10) menus.push(`only ${declared.length} pages were found`);
menus.push(...declared.filter((p) => p.right?.split(" ").some((r) => !rights.includes(r))).map((p) => `${p.path} names ${p.right}, which is no right`));
report(`${looks} times a role and a page: in the menu or not, as its right says`, menus);
report("what the pages offer to do is what the role may", acts);
