// The researcher page: numbers that move by themselves, and following without leaving it. Without this script the page stays as it
// was sent, and the same form posts and comes back.
import { inWords, plural, text } from "./texts.js";

const live = document.querySelector("[data-live]");
if (live) researcherPage();

function researcherPage() {
  // Up to where the numbers shown go, in each service's events: nothing older is ever shown.
  const asOf = { follow: Number(live.dataset.follow), publication: Number(live.dataset.publication), trust: Number(live.dataset.trust) };
  const ownPage = live.dataset.own === "true";
  const levels = { Baseline: text("Baseline"), Emerging: text("Emerging"), Established: text("Established"), Trusted: text("Trusted") };

  /** Shows a number wherever the page has it; whether it was another one. */
  function show(name, number) {
    const words = typeof number === "number" ? inWords(number) : number;
    const stale = [...document.querySelectorAll(`[data-number="${name}"]`)].filter(each => each.textContent !== words);
    for (const each of stale) each.textContent = words;
    return stale.length > 0;
  }

  // Said in words, and no more often than one can listen to.
  const unsaid = new Map();
  let saying;
  function announce(name, words) {
    unsaid.set(name, words);
    saying ??= setTimeout(() => {
      live.textContent = [...unsaid.values()].join(", ");
      unsaid.clear();
      saying = undefined;
    }, 3000);
  }

  const kinds = {
    counts({ followers, following }) {
      // What one hides from others one sees oneself.
      if (followers === null && ownPage) return;
      if (show("followers", followers ?? text("hidden")) && followers !== null) announce("followers", plural("{0} follower|{0} followers", followers));
      show("following", following ?? "");
    },
    bibliography({ works, topics, closeCollaborators }) {
      // For the count beside the feed: this may be somebody one follows.
      document.dispatchEvent(new Event("works"));
      if (show("works", works)) announce("works", plural("{0} work|{0} works", works));
      if (show("topics", topics)) announce("topics", plural("{0} topic|{0} topics", topics));
      if (show("closeCollaborators", closeCollaborators)) announce("closeCollaborators", plural("{0} close collaborator|{0} close collaborators", closeCollaborators));
    },
    trust({ score, level }) {
      const words = text("Trust {0} - {1}", score, levels[level] ?? level);
      if (!show("trust", words)) return;
      announce("trust", words);
      explain();
    },
  };

  // The explanations beside the numbers, from the same source as the page's. Not all who look at it ask in the same moment.
  let explaining;
  function explain() {
    clearTimeout(explaining);
    explaining = setTimeout(async () => {
      const response = await fetch("?handler=snapshot").catch(() => null);
      if (!response?.ok) return;
      const parts = root => [...root.querySelectorAll(".snapshot :is(.why, .trust-bar, .trust-history)")];
      const [before, after] = [parts(document), parts(new DOMParser().parseFromString(await response.text(), "text/html"))];
      if (before.length !== after.length) return;
      // Where the keyboard is in the middle of one, it stays.
      before.forEach((part, n) => {
        if (part.contains(document.activeElement)) return;
        const open = part.querySelector("details[open]");
        part.replaceWith(after[n]);
        if (open) after[n].querySelector("details")?.setAttribute("open", "");
      });
    }, 500 + 1500 * Math.random());
  }

  // A count that comes while a follow is on its way may be older than it: kept until the answer says.
  let following = false;
  let kept;
  function tell(event) {
    const news = JSON.parse(event.data);
    const [service, sequence] = news.position.split(":");
    if (following && service === "follow") {
      kept = event;
      return;
    }
    if (Number(sequence) <= asOf[service]) return;
    asOf[service] = Number(sequence);
    kinds[event.type](news);
  }

  let source;
  let last = "";
  let pause = 5000;
  let retry;
  function open() {
    if (source || document.hidden) return;
    source = new EventSource(live.dataset.live + (last && `?after=${last}`));
    for (const kind of Object.keys(kinds)) {
      source.addEventListener(kind, event => {
        last = event.lastEventId;
        tell(event);
      });
    }
    source.addEventListener("open", () => pause = 5000);
    // A connection that breaks the browser makes again by itself, with its position; after an answer that is an error it gives up.
    source.addEventListener("error", () => {
      if (source.readyState !== EventSource.CLOSED) return;
      close();
      retry = setTimeout(open, pause * (1 + Math.random()));
      pause = Math.min(2 * pause, 60_000);
    });
  }
  function close() {
    clearTimeout(retry);
    source?.close();
    source = undefined;
  }

  // A browser has six connections to a site, for all its tabs: those that nobody looks at leave theirs to the others.
  let leaving;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(leaving);
    if (document.hidden) leaving = setTimeout(close, 10_000);
    else open();
  });
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
  open();

  const form = document.querySelector("form[data-follow]");
  form?.addEventListener("submit", async event => {
    event.preventDefault();
    if (following) return;
    const button = form.querySelector("button");
    const wanted = button.value === "true";
    const body = new FormData(form, button);
    const before = form.querySelector("[data-number]").textContent;
    const count = Number(before.replaceAll(/[.,]/g, "") || NaN);
    following = true;
    button.setAttribute("aria-busy", "true");
    document.querySelector("#actions [role=alert]")?.remove();
    becomes(wanted);
    if (Number.isInteger(count)) show("followers", count + (wanted ? 1 : -1));
    try {
      const response = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
      const answer = await response.json();
      if (response.status === 401) {
        location.assign(answer.signIn);
        return;
      }
      if (!response.ok) {
        undo(answer.refusal);
        return;
      }
      becomes(answer.following);
      say(answer.following ? text("You follow {0}.", form.dataset.follow) : text("You no longer follow {0}.", form.dataset.follow));
      asOf.follow = Math.max(asOf.follow, answer.asOf);
      show("followers", answer.hidden ? text("hidden") : answer.followers ?? "…");
    } catch {
      // No answer that can be read: it may have happened or not.
      undo(text("That did not work. Load the page again to see where things stand."));
    } finally {
      following = false;
      button.removeAttribute("aria-busy");
      if (kept) tell(kept);
      kept = undefined;
    }

    function becomes(followed) {
      button.value = String(!followed);
      button.classList.toggle("primary", !followed);
      button.querySelector("[data-label]").textContent = followed ? text("Unfollow researcher") : text("Follow researcher");
    }

    function undo(refusal) {
      becomes(!wanted);
      show("followers", before);
      say(refusal, "notice missing");
    }
  });

  function say(words, look = "fine") {
    const status = document.querySelector("[data-follow-status]");
    status.className = look;
    status.textContent = words;
  }
}
