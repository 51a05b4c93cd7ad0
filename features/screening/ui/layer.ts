// layer.ts - a share of the round as a layer of the map.
import { classColours, classLabels, classOf, NONE } from "@kit/coverage";
import { number, share } from "@kit/figures";
import type { LayerView } from "@kit/parts";
import { t } from "@kit/words";
import { changed, countsOf, openCounts, version } from "./counts";
import type { Counts } from "./state";

export const layerOf = (part: (c: Counts) => number, whole: (c: Counts) => number) =>
    async function make(root: string): Promise<LayerView> {
        void openCounts(root);
        return {
            version,
            changed,
            legend: () => classColours.map((colour, i) => ({ colour, text: `${classLabels[i]}%` })),
            paint(area) {
                const c = countsOf(area);
                return c
                    ? { class: classOf(part(c), whole(c)), text: whole(c) ? share(part(c), whole(c)) : "" }
                    : { class: NONE, text: "" };
            },
            tip(area) {
                const c = countsOf(area);
                if (!c?.households) return [t("screening.not_in_round")];
                return [
                    t("screening.tip_entered", { share: share(c.entered, c.households), n: number(c.entered), of: number(c.households) }),
                    t("screening.tip_door", { share: share(c.entered_door, c.households) }),
                    t("screening.tip_screened", { share: share(c.screened, c.persons), n: number(c.screened), of: number(c.persons) }),
                ];
            },
            weight: (area) => countsOf(area)?.households ?? 0,
        };
    };
