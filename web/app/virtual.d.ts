/// <reference types="../node_modules/vite/client" />
declare const __FACE__: "field" | "command" | "all";
declare module "virtual:features" {
    import type { Feature } from "@kit/parts";
    const features: Feature[];
    export default features;
}
declare module "virtual:words/*" {
    const words: [prefix: string, words: Record<string, string>][];
    export default words;
}
