import { start } from "./start";
import Login from "./Login.vue";

void start(Login, "field", true);
