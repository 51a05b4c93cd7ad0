import { start } from "./start";
import Field from "./Field.vue";

void start(Field, "field");
