// The open line to the site: news counted in a pill, numbers that move, posts that go. A dropped line loses nothing:
// on coming back it asks what was missed since the newest post it has seen.
import { addresses, all, gettext, interpolate, make, ngettext, one, onEach, viewer } from "./page.js";

const shelf = one("[data-news-pill]");
const button = shelf && one("button", shelf);
const list = one("[data-timeline], [data-thread]");
const languageOfList = list?.dataset.language ?? "";
let socket = null;
let tries = 0;
let waiting = new Set();
let missed = 0;
let queued = false;
let heard = 0; // when the line last said anything

const highest = (ids) => ids.reduce((top, id) => (id.length > top.length || (id.length === top.length && id > top) ? id : top), "0");
const idsHere = () => all("[data-post]").map((card) => card.dataset.post);
let newest = highest(idsHere());

function tell(message) { if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message)); }
function watch() { tell({ watch: [...new Set(idsHere())].slice(-100) }); }

function showPill() {
  if (!button) return;
  const n = waiting.size + missed;
  button.hidden = n === 0;
  button.textContent = list.dataset.thread ? gettext("Show new answers") : interpolate(ngettext("%s new post", "%s new posts", n), [n]);
}

function wanted(news) {
  if (!button || !list) return false;
  if (list.dataset.thread) return news.kind === "answer" && news.by !== viewer; // `post` is the one that was answered
  if (news.kind === "answer" || news.author === viewer || one(`[data-post="${news.post}"]`)) return false;
  const tab = shelf.dataset.tab;
  if (tab === "following" || tab === "for-you") return news.kind === "followed-post";
  return tab === "local" && news.kind === "post" && (!languageOfList || languageOfList === news.language);
}

function count(card, name, number) {
  const place = one(`[data-count="${name}"]`, card);
  if (place) place.textContent = number ? new Intl.NumberFormat(document.documentElement.lang, { notation: "compact", maximumFractionDigits: 1 }).format(number) : "";
}

function hear(news) {
  if (news.kind === "post" || news.kind === "followed-post" || news.kind === "answer") {
    if (wanted(news)) { waiting.add(`${news.post}:${news.kind === "answer" ? Math.random() : ""}`); showPill(); }
  } else if (news.kind === "counts") {
    for (const card of all(`[data-post="${news.post}"]`)) for (const name of ["likes", "comments", "reposts"]) count(card, name, news[name]);
  } else if (news.kind === "gone") {
    for (const card of all(`[data-post="${news.post}"]`)) {
      card.classList.add("gone");
      one(".post-main", card).replaceChildren(make("p", { className: "quiet", textContent: gettext("This post was deleted.") }));
    }
  } else if (news.kind === "notices") notices(news.unread);
  else if (news.kind === "missed") {
    if (shelf) missed = Math.max(0, (news.posts ?? 0) - waiting.size);
    notices(news.unread);
    showPill();
  }
}

function notices(unread) {
  if (unread === undefined || unread === null) return;
  for (const spot of all("[data-notices]")) { spot.hidden = !unread; one("[data-number]", spot).textContent = unread > 99 ? "99+" : unread; }
}

async function showNew() {
  button.disabled = true;
  if (list.dataset.thread) return location.reload();
  try {
    const answer = await fetch(`${addresses.new}?since=${newest}&tab=${shelf.dataset.tab}`, { headers: { "HX-Request": "true" } });
    if (!answer.ok) throw new Error(answer.status);
    const holder = make("div");
    holder.innerHTML = await answer.text();
    const fresh = all(":scope > .post", holder).filter((card) => !one(`#posts > [data-post="${card.dataset.post}"]`));
    list.prepend(...fresh);
    for (const card of fresh) { card.classList.add("fresh"); window.htmx?.process(card); }
    document.dispatchEvent(new CustomEvent("htmx:load", { detail: { elt: list } }));
    newest = highest(idsHere());
    waiting = new Set();
    missed = 0;
    showPill();
    scrollTo({ top: 0, behavior: "smooth" });
    fresh[0]?.focus({ preventScroll: true });
  } catch { location.reload(); } finally { button.disabled = false; }
}
button?.addEventListener("click", showNew);

function open() {
  if (socket || document.visibilityState === "hidden" && tries) return;
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  socket = new WebSocket(`${scheme}://${location.host}/live/`);
  socket.onopen = () => { const again = tries > 0; tries = 0; watch(); heard = Date.now(); if (again) tell({ since: newest, tab: shelf?.dataset.tab ?? "local" }); };
  socket.onmessage = (event) => { heard = Date.now(); try { hear(JSON.parse(event.data)); } catch { /* not ours */ } };
  socket.onclose = () => { socket = null; tries += 1; setTimeout(open, Math.min(30_000, 1000 * 2 ** Math.min(tries, 5)) * (0.7 + Math.random() * 0.6)); };
}

// A line may die without a word: ask every 25 seconds, and after 40 of silence call again.
setInterval(() => {
  if (!socket) return;
  if (socket.readyState === WebSocket.OPEN && Date.now() - heard > 40_000) socket.close();
  else tell({ ping: 1 });
}, 25_000);

// An open line keeps a page out of the browser's cache of pages: hang up on leaving, call again on coming back.
addEventListener("pagehide", () => { if (socket) { socket.onclose = null; socket.close(); socket = null; tries = 1; } });
addEventListener("pageshow", (event) => { if (event.persisted) open(); });
document.addEventListener("visibilitychange", () => { if (!document.hidden) open(); });
if (one("#notices")) notices(0); // opening the page reads them
onEach(".more-posts, .post", () => queueWatch());

function queueWatch() { if (!queued) { queued = true; setTimeout(() => { queued = false; watch(); newest = highest([newest, ...idsHere()]); }, 300); } }
open();
