// Suggestions while one types into a search box, as a combobox with a list (WAI-ARIA Authoring Practices). Without this script, and
// whenever no suggestion is chosen, the form is an ordinary one.
const pause = 120;

document.querySelectorAll("[data-suggest]").forEach((box, n) => suggest(box, box.querySelector("input"), `suggestions-${n}`));

function suggest(box, input, name) {
  const list = Object.assign(document.createElement("div"), { id: name, className: "suggestions", hidden: true });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", input.labels[0]?.textContent ?? "");
  const status = Object.assign(document.createElement("p"), { className: "visually-hidden" });
  status.setAttribute("role", "status");
  box.append(list);
  // A page has more boxes than one types into.
  input.addEventListener("focus", () => box.append(status), { once: true });
  for (const [attribute, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": name }))
    input.setAttribute(attribute, value);

  let options = [];
  let chosen = -1;
  let asked = "";
  let asking;
  let typing;

  function choose(n) {
    options[chosen]?.setAttribute("aria-selected", "false");
    chosen = n;
    const option = options[chosen];
    if (!option) {
      input.removeAttribute("aria-activedescendant");
      return;
    }
    option.setAttribute("aria-selected", "true");
    input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  function close() {
    clearTimeout(typing);
    asking?.abort();
    choose(-1);
    asked = "";
    options = [];
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    status.textContent = "";
  }

  async function ask() {
    const typed = input.value.trim();
    // One letter of the Latin alphabet begins too much; of some scripts it is a word.
    if (typed === "" || /^[\x00-\x7f]$/.test(typed)) {
      close();
      return;
    }
    if (typed === asked) return;
    asked = typed;
    asking?.abort();
    const mine = asking = new AbortController();
    try {
      const response = await fetch(`/suggest?q=${encodeURIComponent(typed)}`, { signal: mine.signal });
      if (!response.ok) throw new Error(response.statusText);
      const found = new DOMParser().parseFromString(await response.text(), "text/html").body.firstElementChild;
      if (mine.signal.aborted) return;
      choose(-1);
      list.replaceChildren(...found.children);
      options = [...list.querySelectorAll("[role=option]")];
      for (const option of options) option.id = name + option.id;
      list.hidden = options.length === 0;
      input.setAttribute("aria-expanded", String(options.length > 0));
      status.textContent = found.dataset.said;
    } catch {
      // Searching goes on working; it is only not helped along.
      if (!mine.signal.aborted) close();
    }
  }

  function go(option) {
    close();
    location.assign(option.dataset.address);
  }

  input.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(ask, pause);
  });
  input.addEventListener("keydown", event => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) {
        ask();
        return;
      }
      // Past either end is the box itself.
      const places = options.length + 1;
      choose((chosen + 1 + (event.key === "ArrowDown" ? 1 : places - 1)) % places - 1);
    } else if (event.key === "Enter" && options[chosen]) {
      event.preventDefault();
      go(options[chosen]);
    } else if (event.key === "Escape" && !list.hidden) {
      // Once for the list; once more, as browsers have it, for what was typed.
      event.preventDefault();
      close();
    }
  });
  // Before the box would lose the focus.
  list.addEventListener("mousedown", event => event.preventDefault());
  list.addEventListener("click", event => {
    const option = event.target.closest("[role=option]");
    if (option) go(option);
  });
  input.addEventListener("blur", close);
  input.form.addEventListener("submit", close);
}
