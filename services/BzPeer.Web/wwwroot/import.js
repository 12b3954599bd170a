// Tells how a running import goes, and loads the page again when it ends: then it also says which records were rejected and why.
import { inWords } from "./texts.js";

const events = new EventSource(document.querySelector("script[data-import]").dataset.import);

events.addEventListener("progress", event => {
  const status = JSON.parse(event.data);
  for (const each of document.querySelectorAll("[data-count]")) each.textContent = inWords(status[each.dataset.count]);
  if (status.state === "running") return;
  events.close();
  location.reload();
});
