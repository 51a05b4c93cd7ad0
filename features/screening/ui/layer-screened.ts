import { layerOf } from "./layer";
/** Persons with a basis, of those present. */
export default layerOf(
    (c) => c.screened,
    (c) => c.persons,
);
