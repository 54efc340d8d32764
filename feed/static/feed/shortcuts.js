// The whole card by keyboard: j/k move, l like, r answer, b bookmark, o open, w why; n write, / search, g then a letter.
import { all, addresses, one } from "./page.js";

const help = one("#keys");
for (const button of all("[data-keys]")) { button.hidden = false; button.addEventListener("click", () => help.showModal()); }

let waitingForPlace = false;
const PLACES = { h: "feed:home", e: "feed:explore", g: "feed:groups", n: "feed:notifications", b: "feed:bookmarks", p: "feed:profile" };
const typing = (target) => target.closest?.("input, textarea, select, [contenteditable], dialog[open]");
const cards = () => all(".post").filter((card) => card.offsetParent !== null);

function current() {
  const focused = document.activeElement?.closest?.(".post");
  return focused ?? one(".post.here");
}

function move(step) {
  const list = cards();
  if (!list.length) return;
  const at = list.indexOf(current());
  const next = at < 0 ? list.find((card) => card.getBoundingClientRect().bottom > 80) : list[Math.min(Math.max(at + step, 0), list.length - 1)];
  for (const card of all(".post.here")) card.classList.remove("here");
  next.classList.add("here");
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
  if (next.getBoundingClientRect().top < 0) next.scrollIntoView({ block: "start" });
}

const onCard = (act) => () => { const card = current(); if (card) act(card); };
const press = (key) => onCard((card) => one(`[data-key="${key}"]`, card)?.click());
const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  l: press("l"),
  b: press("b"),
  r: press("r"),
  o: onCard((card) => { location.href = card.dataset.url; }),
  Enter: onCard((card) => { if (document.activeElement === card) location.href = card.dataset.url; }),
  w: onCard((card) => one(".why-link", card)?.click()),
  n: () => { const box = one("[data-say]"); if (box) box.focus(); else one('[data-place="feed:compose"]')?.click(); },
  "/": () => { const box = one('input[type="search"]'); if (box) box.focus(); else one('.more a[href*="search"]')?.click(); },
  ".": () => one("[data-news-pill] button:not([hidden])")?.click(),
  "?": () => help?.showModal(),
  g: () => { waitingForPlace = true; setTimeout(() => { waitingForPlace = false; }, 1500); },
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target)) return;
  if (waitingForPlace) {
    waitingForPlace = false;
    const place = one(`[data-place="${PLACES[event.key]}"]`);
    if (place) { event.preventDefault(); place.click(); } else if (event.key === "h") location.href = addresses.home;
    return;
  }
  const act = KEYS[event.key];
  if (!act) return;
  if (event.key !== "Enter") event.preventDefault();
  act();
});
