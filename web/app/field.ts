import { start } from "./start";
import "@kit/field.css";
import Field from "./Field.vue";

void start(Field, "field");
