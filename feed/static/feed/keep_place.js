// Going back finds the page as it was left: what had been loaded, and where one was reading.
// The browser's own page cache does it best; this is for when it could not keep the page.
import { kept, one, viewer } from "./page.js";

const list = one("[data-keep]");
const key = `place:${viewer}:${location.pathname}${location.search}`;
const MOST = 1_500_000; // characters; session storage holds about five million

function remember() {
  if (!list) return;
  const html = list.innerHTML;
  if (html.length > MOST) return kept.drop(key, sessionStorage);
  // The height of what was never drawn is a guess, so a place is a card and how far it is from the top, not a length.
  const card = [...list.children].find((each) => each.id && each.getBoundingClientRect().bottom > 0);
  const from = card?.getBoundingClientRect().top ?? 0;
  kept.set(key, JSON.stringify({ html, top: scrollY, card: card?.id, from, at: Date.now() }), sessionStorage);
}

function restore() {
  const found = kept.get(key, sessionStorage);
  if (!list || !found) return;
  const { html, top, card, from, at } = JSON.parse(found);
  if (Date.now() - at > 30 * 60 * 1000) return;
  list.innerHTML = html;
  window.htmx?.process(list);
  document.dispatchEvent(new CustomEvent("htmx:load", { detail: { elt: list } }));
  history.scrollRestoration = "manual";
  const place = () => {
    const left = card && document.getElementById(card);
    const by = left ? left.getBoundingClientRect().top - from : top - scrollY;
    scrollBy({ top: by, behavior: "instant" });
  };
  place();
  requestAnimationFrame(() => { place(); requestAnimationFrame(place); });
}

const how = performance.getEntriesByType("navigation")[0]?.type;
if (how === "back_forward") restore();
addEventListener("pagehide", remember);
