// How long posts stay in sight, told only of people who allowed it, and only in whole seconds of a visible page.
import { addresses, csrf, onEach } from "./page.js";

if ("readingTime" in addresses) {
  const since = new Map();
  const total = new Map();
  const stop = (card) => {
    if (!since.has(card)) return;
    const spent = Math.min(performance.now() - since.get(card), 60_000);
    since.delete(card);
    total.set(card.dataset.impression, (total.get(card.dataset.impression) ?? 0) + spent);
  };
  const watcher = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) if (isIntersecting && !document.hidden) since.set(target, performance.now()); else stop(target);
  }, { threshold: 0.6 });
  onEach(".post[data-impression]", (card) => watcher.observe(card));
  const tell = () => {
    for (const card of [...since.keys()]) stop(card);
    const items = [...total].filter(([, ms]) => ms >= 1000).slice(0, 100).map(([impression, ms]) => ({ impression, ms: Math.round(ms) }));
    total.clear();
    if (!items.length) return;
    fetch(addresses.seen, { method: "POST", keepalive: true, body: JSON.stringify({ items }), headers: { "Content-Type": "application/json", "X-CSRFToken": csrf() } }).catch(() => {});
  };
  document.addEventListener("visibilitychange", () => { if (document.hidden) tell(); });
}
