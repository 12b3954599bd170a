// Lists that go on by themselves: what the link to the next page leads to is put behind what is there when one comes near it. The address is
// that of the page one looks at, so it can be kept and sent. Without this script the link is a link.
const lists = ":is(.people, .chips, .works, .ledger)";
const start = location.href;

/** Pages that come unasked. After them one asks: whoever wants to reach the end of the page has to be able to. */
let unasked = 5;

/** The first item of each page that came, and its address. */
const pages = [];

const pagerOf = page => page.querySelector(`main ${lists} + nav.pager`);
const linkOf = pager => pager?.querySelector("a[rel=next]");

const near = new IntersectionObserver(seen => {
  for (const { isIntersecting, target } of seen) {
    if (!isIntersecting || unasked === 0) continue;
    near.unobserve(target);
    unasked--;
    load(target);
  }
}, { rootMargin: "600px" });
if (linkOf(pagerOf(document))) near.observe(linkOf(pagerOf(document)));

async function load(link) {
  const page = await fetch(link.href)
    .then(response => response.ok ? response.text() : null)
    .then(html => html && new DOMParser().parseFromString(html, "text/html"))
    .catch(() => null);
  const after = page && pagerOf(page)?.previousElementSibling || page?.querySelector(`main ${lists}`);
  const pager = link.closest("nav");
  const list = pager.previousElementSibling;
  // What cannot be had stays a link.
  if (!after || !pager.isConnected) return;
  const items = [...after.children].filter(item => !item.matches("h2"));
  list.append(...items);
  if (items.length > 0) pages.push({ first: items[0], address: link.href });
  const next = linkOf(pagerOf(page));
  if (!next) {
    pager.remove();
    return;
  }
  link.href = next.href;
  near.observe(link);
}

let waiting = false;
addEventListener("scroll", () => {
  if (waiting || pages.length === 0) return;
  waiting = true;
  // Browsers allow an address to change only so often.
  setTimeout(() => {
    waiting = false;
    const address = pages.findLast(page => page.first.getBoundingClientRect().top < innerHeight / 2)?.address ?? start;
    if (address !== location.href) history.replaceState(history.state, "", address);
  }, 400);
}, { passive: true });
