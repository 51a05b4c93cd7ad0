// Two builds into one folder: old phones get an older language (field and
// sign-in, es2017) than desks do (command, es2019).
import vue from "@vitejs/plugin-vue";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig, transformWithEsbuild } from "vite";
import features from "../tool/vite-features.mjs";
import worker from "../tool/vite-worker.mjs";

const web = dirname(fileURLToPath(import.meta.url));
const root = join(web, "..");
const faces = {
    field: { pages: ["index", "field", "check"], target: "es2017", css: "chrome61" },
    command: { pages: ["command"], target: "es2019", css: "chrome79" },
    all: { pages: ["index", "field", "check", "command"], target: "es2019", css: "chrome79" },
};

// A phone's first screens in one file, what the sign-in needs of it in another: many small files weigh more.
const of = (...parts) => new RegExp(parts.join("|"));
const first = of("web/app/(Field|Pin|DrillStrip)\\.vue", "screening/ui/(Doors\\.vue|grid\\.ts|state\\.ts)", "web/data/(outbox|vault|doors|sync)\\.ts",
    "kit/(figures\\.ts|Mark\\.vue|Progress\\.vue)");
const base = of("node_modules/@?vue", "web/kit/(Icon\\.vue|route|words|setting|parts|toast)", "web/data/(api|session|store|box)\\.ts", "plugin-vue");
const chunkOf = (id) => (first.test(id) ? "first" : base.test(id) ? "base" : undefined);

export default defineConfig(({ mode }) => {
    const face = faces[mode] ? mode : "all";
    return {
        root: web,
        base: "/",
        plugins: [
            vue({ features: { optionsAPI: false } }),
            features({ root, face, plain: transformWithEsbuild }),
            face === "field" && worker({ root }),
        ],
        define: { __FACE__: JSON.stringify(face) },
        resolve: {
            alias: {
                "@kit": join(web, "kit"),
                "@data": join(web, "data"),
                // the features' folders lie outside web/, where node_modules is
                vue: join(web, "node_modules/vue/dist/vue.runtime.esm-bundler.js"),
                "@tanstack/vue-virtual": join(web, "node_modules/@tanstack/vue-virtual"),
            },
        },
        server: { fs: { allow: [root] }, proxy: { "/api": process.env.WANGGE_URL ?? "http://127.0.0.1:8440" } },
        build: {
            outDir: join(root, "build/web"),
            emptyOutDir: face === "field",
            target: faces[face].target,
            cssTarget: faces[face].css,
            assetsInlineLimit: 0,
            minify: "terser",
            terserOptions: { compress: { passes: 2, ecma: 2017, pure_getters: false }, format: { comments: false } },
            modulePreload: { polyfill: false },
            reportCompressedSize: true,
            rollupOptions: {
                output: face === "field" ? { manualChunks: chunkOf } : {},
                input: Object.fromEntries(faces[face].pages.map((p) => [p, join(web, `${p}.html`)])),
            },
        },
    };
});
