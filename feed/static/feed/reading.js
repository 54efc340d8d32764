// How long posts stay in sight, told only of people who allowed it, and only while the page is visible.
import { addresses, onEach, tellSeen } from "./page.js";

const LONGEST = 60_000; // one look, in milliseconds
const MOST = 100; // told at once

if ("readingTime" in addresses) {
  const inSight = new Set();
  const since = new Map();
  const total = new Map();
  const start = (card) => { if (!document.hidden) since.set(card, performance.now()); };
  const stop = (card) => {
    if (!since.has(card)) return;
    const spent = Math.min(performance.now() - since.get(card), LONGEST);
    since.delete(card);
    total.set(card.dataset.impression, (total.get(card.dataset.impression) ?? 0) + spent);
  };
  const watcher = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) { inSight.add(target); start(target); } else { inSight.delete(target); stop(target); }
    }
  }, { threshold: 0.6 });
  onEach(".post[data-impression]", (card) => watcher.observe(card));
  const tell = () => {
    for (const card of [...since.keys()]) stop(card);
    // Short looks too: a post that was passed at once says as much as one that was read.
    const items = [...total].map(([impression, ms]) => ({ impression, ms: Math.round(ms) }));
    total.clear();
    for (let at = 0; at < items.length; at += MOST) tellSeen({ items: items.slice(at, at + MOST) });
  };
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return tell();
    for (const card of inSight) if (card.isConnected) start(card); else inSight.delete(card);
  });
}
