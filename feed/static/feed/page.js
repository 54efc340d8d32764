// What the other modules share: finding things, words, asking the server.
export const one = (selector, root = document) => root.querySelector(selector);
export const all = (selector, root = document) => [...root.querySelectorAll(selector)];
export const addresses = one("#addresses")?.dataset ?? {};
export const viewer = document.documentElement.dataset.viewer || "";
export const { gettext, ngettext, interpolate } = window;

export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

export function csrf(near = document) {
  return one("[name=csrfmiddlewaretoken]", near)?.value ?? one("[name=csrfmiddlewaretoken]")?.value ?? "";
}

export function post(url, fields) {
  const body = fields instanceof FormData ? fields : new URLSearchParams(fields);
  return fetch(url, { method: "POST", body, headers: { "X-CSRFToken": csrf(), "X-Requested-With": "fetch" }, credentials: "same-origin" });
}

// What was read and opened; the page may be left meanwhile, and nobody waits for the answer.
export function tellSeen(facts) {
  const headers = { "Content-Type": "application/json", "X-CSRFToken": csrf() };
  fetch(addresses.seen, { method: "POST", keepalive: true, body: JSON.stringify(facts), headers }).catch(() => {});
}

// Storage may be off or full: then nothing is kept, and nothing breaks.
export const kept = {
  get(key, store = localStorage) { try { return store.getItem(key); } catch { return null; } },
  set(key, value, store = localStorage) { try { store.setItem(key, value); } catch { /* full */ } },
  drop(key, store = localStorage) { try { store.removeItem(key); } catch { /* off */ } },
};

// Run `set` on every matching element, now and whenever HTMX brings more.
export function onEach(selector, set) {
  const done = new WeakSet();
  const visit = (root) => {
    const found = root.matches?.(selector) ? [root, ...all(selector, root)] : all(selector, root);
    for (const element of found) if (!done.has(element)) { done.add(element); set(element); }
  };
  visit(document);
  document.addEventListener("htmx:load", (event) => visit(event.detail.elt));
}

export function later(wait, act) {
  let timer;
  return (...facts) => { clearTimeout(timer); timer = setTimeout(() => act(...facts), wait); };
}
