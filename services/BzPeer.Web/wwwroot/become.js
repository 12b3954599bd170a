// A part of the page as the server has it now, put where the same part stands: what is the same stays, so the keyboard stays where it
// is, what was opened stays open, and a screen reader is told nothing twice.

/** Makes an element what another is. Parts with an id are known by it, all others by their place. Numbers are left to who shows them. */
export function become(old, now) {
  for (const { name } of [...old.attributes]) if (name !== "open" && !now.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of now.attributes) if (name !== "open" && old.getAttribute(name) !== value) old.setAttribute(name, value);
  if (old.hasAttribute("data-number")) return;

  const named = new Map([...old.children].filter(child => child.id).map(child => [child.id, child]));
  let at = old.firstChild;
  for (const node of [...now.childNodes]) {
    const same = node.id ? named.get(node.id) : at?.nodeName === node.nodeName && !at.id ? at : undefined;
    if (!same) {
      old.insertBefore(node, at);
      continue;
    }
    if (same === at) at = at.nextSibling;
    else old.insertBefore(same, at);
    if (same.nodeType === Node.ELEMENT_NODE) become(same, node);
    else if (same.data !== node.data) same.data = node.data;
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}
