import { start } from "./start";
import "@kit/desk.css";
import Command from "./Command.vue";

void start(Command, "command");
