import { layerOf } from "./layer";
/** Households entered, by any honest method. */
export default layerOf(
    (c) => c.entered,
    (c) => c.households,
);
