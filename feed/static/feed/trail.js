// Which card a conversation was opened from is named by the link itself, so that it works without scripts, and only of
// people who allow it. Addresses that people copy stay clean: the name is in the link only while it is being followed.
import { addresses, onEach, tellSeen } from "./page.js";

const here = new URL(location.href);
if (here.searchParams.has("impression")) {
  here.searchParams.delete("impression");
  history.replaceState(history.state, "", here);
}

// The card keeps the whole address, so that one brought back by going back knows it still.
onEach('.post[data-url*="?impression="] a[href]', (link) => {
  const [path, trail] = link.closest(".post").dataset.url.split("?");
  const [before, anchor] = link.getAttribute("href").split("#");
  if (before.split("?")[0] !== path) return;
  const end = anchor ? `#${anchor}` : "";
  const clean = () => link.setAttribute("href", path + end);
  const follow = () => { link.setAttribute("href", `${path}?${trail}${end}`); setTimeout(clean); };
  clean();
  link.addEventListener("click", follow);
  link.addEventListener("auxclick", (event) => { if (event.button === 1) follow(); });
});

// A link in a post's own words, from people who allow that: told beside the navigation, never on the way of it.
if ("opens" in addresses) {
  const tell = (event) => {
    const card = event.target.closest?.(".text a.link[href]")?.closest(".post[data-impression]");
    if (card && event.button < 2) tellSeen({ links: [card.dataset.impression] });
  };
  for (const name of ["click", "auxclick"]) document.addEventListener(name, tell);
}
