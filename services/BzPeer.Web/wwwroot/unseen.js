// How many new works the feed has, beside its link, on pages that stay open: what was seen on another device or in another window is new
// no longer, and what comes is. Each page comes with the count as it was then.
const badge = document.querySelector("[data-unseen]");
const words = document.querySelector("[data-unseen-said]");
const everySoOften = 60_000;

let asked = 0;
async function look() {
  const mine = ++asked;
  // Whoever has signed out elsewhere is sent to sign in: that is no count.
  const response = await fetch("/feed?handler=unseen", { cache: "no-store", redirect: "manual" }).catch(() => null);
  if (!response?.ok) return;
  const unseen = await response.json();
  if (mine !== asked) return;
  badge.textContent = unseen.badge;
  badge.hidden = unseen.badge === "";
  words.textContent = unseen.said;
}

const windows = new BroadcastChannel("feed");
windows.addEventListener("message", look);
if (location.pathname === "/feed") windows.postMessage("seen");

document.addEventListener("visibilitychange", () => document.hidden || look());
// A page that a browser kept has the count of when it was left.
addEventListener("pageshow", event => {
  if (event.persisted || performance.getEntriesByType("navigation")[0]?.type === "back_forward") look();
});
document.addEventListener("works", look);
setInterval(() => document.hidden || look(), everySoOften);
