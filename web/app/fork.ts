// fork.ts - comes when the page is there: does the server still stand by what it answered?  Apart from the frame, so that no face waits for it.
import { createApp } from "vue";
import { openHeads } from "@data/heads";
import Fork from "./Fork.vue";

createApp(Fork).mount(document.body.appendChild(document.createElement("div")));
openHeads();
