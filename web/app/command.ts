import { start } from "./start";
import "@kit/wall.css";
import "@kit/desk.css";
import Command from "./Command.vue";

void start(Command, "command");
