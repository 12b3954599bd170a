// Follow and unfollow without leaving the page. Without this script the same form posts and comes back.
const form = document.querySelector("form[data-follow]");

form?.addEventListener("submit", async event => {
  event.preventDefault();
  const button = form.querySelector("button");
  const status = document.querySelector("[data-follow-status]");
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  try {
    const body = new FormData(form, button);
    const response = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
    const answer = await response.json();
    if (response.status === 401) {
      location.assign(answer.signIn);
      return;
    }
    if (!response.ok) {
      status.textContent = answer.refusal ?? "That did not work. Try again.";
      return;
    }
    button.value = String(!answer.following);
    button.classList.toggle("primary", !answer.following);
    button.querySelector("[data-label]").textContent = answer.following ? "Unfollow researcher" : "Follow researcher";
    // A count that may be older than this follow is never shown.
    const followers = answer.hidden ? "hidden" : answer.followers?.toLocaleString("en") ?? "…";
    for (const each of document.querySelectorAll("[data-followers]")) each.textContent = followers;
    status.textContent = answer.following ? `You follow ${form.dataset.follow}.` : `You no longer follow ${form.dataset.follow}.`;
  } catch {
    // No answer that can be read: let the page itself post, and show what the server says.
    form.removeAttribute("data-follow");
    status.textContent = "That did not work. Load the page again to see where things stand.";
  } finally {
    button.removeAttribute("aria-busy");
  }
});
