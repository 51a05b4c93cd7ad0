import { start } from "./start";
import Check from "./Check.vue";

void start(Check, "field", true);
