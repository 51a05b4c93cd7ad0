import { start } from "./start";
import Command from "./Command.vue";

void start(Command, "command");
