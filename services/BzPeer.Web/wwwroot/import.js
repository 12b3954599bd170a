// Tells how a running import goes, and loads the page again when it ends: then it also says which records were rejected and why.
const events = new EventSource(document.currentScript.dataset.import);

events.addEventListener("progress", event => {
  const status = JSON.parse(event.data);
  for (const each of document.querySelectorAll("[data-count]")) each.textContent = status[each.dataset.count].toLocaleString("en");
  if (status.state === "running") return;
  events.close();
  location.reload();
});
