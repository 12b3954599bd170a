// The researcher page: numbers that move by themselves, and following without leaving it. Without this script the page stays as it
// was sent, and the same form posts and comes back.
import { become } from "./become.js";
import { inWords, plural, text } from "./texts.js";

const live = document.querySelector("[data-live]");
if (live) researcherPage();

function researcherPage() {
  // Up to where what is shown goes, in each service's events: nothing older is ever shown.
  const asOf = { counts: Number(live.dataset.follow), bibliography: Number(live.dataset.publication), trust: Number(live.dataset.trust), work: Number(live.dataset.publication) };
  const ownPage = live.dataset.own === "true";

  const numberIn = (part, name) => part.querySelector(`[data-number="${name}"]`)?.textContent;

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
      asOf.counts = wanted.counts;
      // What one hides from others one sees oneself.
      if (followers === null && ownPage) return;
      if (show("followers", followers ?? text("hidden")) && followers !== null) announce("followers", plural("{0} follower|{0} followers", followers));
      show("following", following ?? "");
    },
    bibliography({ works, topics, closeCollaborators }) {
      asOf.bibliography = wanted.bibliography;
      // For the count beside the feed: this may be somebody one follows.
      document.dispatchEvent(new Event("works"));
      look();
      if (show("works", works)) announce("works", plural("{0} work|{0} works", works));
      if (show("topics", topics)) announce("topics", plural("{0} topic|{0} topics", topics));
      if (show("closeCollaborators", closeCollaborators)) announce("closeCollaborators", plural("{0} close collaborator|{0} close collaborators", closeCollaborators));
    },
    // The score is a sum: it moves together with what it is the sum of.
    trust: () => look(),
    work: () => look(),
  };

  // Whatever is more than a number comes from the server, which says it as it does on every page: the score with its explanation, and the
  // works. What was heard of is asked for by its position, so nothing older can come, and one answer serves all who heard the same.
  const wanted = { counts: 0, bibliography: 0, trust: 0, work: 0 };
  let looking;
  let again = false;
  let patience = 1000;
  function look(wait = 100 + 300 * Math.random()) {
    again = true;
    looking ??= setTimeout(async () => {
      again = false;
      const came = await lookNow();
      looking = undefined;
      patience = came ? 1000 : Math.min(2 * patience, 60_000);
      // A page that does not listen looks when it listens again.
      if (source && !came) look(patience * (1 + Math.random()));
      else if (again) look();
    }, wait);
  }

  /** Whether everything came that was wanted. */
  async function lookNow() {
    const { bibliography, trust, work } = wanted;
    const listed = Math.max(bibliography, work);
    const query = new URLSearchParams({ handler: "live", listed, bibliography, trust });
    if (older) query.set("works", older);
    if (listed > drawn) query.set("graph", true);
    const response = await fetch(`?${query}`, { cache: "no-store" }).catch(() => null);
    // Merged or erased while one looked: the page stays what it was, as it would without this script.
    if (response?.redirected || [404, 410].includes(response?.status)) return true;
    if (!response?.ok) return false;
    const parts = new DOMParser().parseFromString(await response.text(), "text/html");
    const asked = parts.querySelector("[data-live]").dataset;
    const [snapshot, works, slice] = [".snapshot", ".works", "#graph"].map(part => parts.querySelector(part));
    const isNew = snapshot && Number(asked.publication) >= asOf.bibliography && Number(asked.trust) >= asOf.trust;
    if (isNew) {
      [asOf.bibliography, asOf.trust] = [Number(asked.publication), Number(asked.trust)];
      // Read before, for what is new goes over into the page itself.
      const numbers = ["works", "topics", "closeCollaborators"].map(name => [name, numberIn(snapshot, name)]);
      const [score, before] = [numberIn(snapshot, "trust"), numberIn(document, "trust")];
      become(document.querySelector(".snapshot"), snapshot);
      for (const [name, words] of numbers) show(name, words);
      if (score && score !== before) {
        show("trust", score);
        announce("trust", score);
      }
    }
    if (works && listed >= asOf.work) {
      asOf.work = listed;
      list(works);
    }
    if (slice && graph) {
      drawn = Math.max(drawn, listed);
      draw(slice);
    }
    return Boolean(isNew && works && listed <= drawn);
  }

  // The graph is of the works, and moves with them. Whoever is in its table with the keyboard has it as it is until they leave: a row that goes would
  // take them along.
  const graph = document.getElementById("graph");
  let drawn = asOf.bibliography;
  let later;
  function draw(slice) {
    later = slice;
    if (graph.querySelector(".scroll:focus-within")) return;
    later = undefined;
    become(graph, slice);
  }
  graph?.addEventListener("focusout", ({ relatedTarget }) => {
    if (!later || graph.querySelector(".scroll")?.contains(relatedTarget)) return;
    become(graph, later);
    later = undefined;
  });

  // Where one is among the works, if not at the newest.
  const older = new URLSearchParams(location.search).get("works");
  const shownWorks = document.querySelector(".works");
  const total = works => Number(numberIn(works, "works")?.replaceAll(/\D/g, ""));
  let worksListed = total(shownWorks);

  /** Puts the works as they are now, and says by its title what came or was retracted; where it is more than one, the number has to do. */
  function list(works) {
    const before = new Map([...shownWorks.querySelectorAll(".work")].map(work => [work.id, work.matches(".retracted")]));
    const [now, titleOf] = [total(works), work => work.querySelector("h3").textContent.trim()];
    become(shownWorks, works);
    const all = [...shownWorks.querySelectorAll(".work")];
    // What was further down moves up where something is gone: that is not new.
    const added = now > worksListed && !older ? all.filter(work => !before.has(work.id)) : [];
    const retracted = all.filter(work => before.get(work.id) === false && work.matches(".retracted"));
    worksListed = now;
    for (const work of added) work.classList.add("fresh");
    if (added.length === 1) announce("added", text("New work: {0}", titleOf(added[0])));
    if (retracted.length === 1) announce("retracted", text("Retracted: {0}", titleOf(retracted[0])));
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
    if (Number(sequence) <= Math.max(asOf[event.type], wanted[event.type])) return;
    wanted[event.type] = Number(sequence);
    kinds[event.type](news);
  }

  let source;
  let opened = false;
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
    source.addEventListener("open", () => {
      pause = 5000;
      // What was corrected meanwhile is told to nobody afterwards.
      if (opened) {
        drawn = -1;
        look();
      }
      opened = true;
    });
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
      // Shown as done at once, it is to be done even if one leaves the page before the answer.
      const response = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" }, keepalive: true });
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
      asOf.counts = Math.max(asOf.counts, answer.asOf);
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
