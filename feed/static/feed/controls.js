// Small manners: menus close, panels close, links are copied, day or night is chosen.
import { all, gettext, kept, one, onEach } from "./page.js";
import { say } from "./toasts.js";

// Menus are <details>: close them on Escape, on a press elsewhere, and after a choice.
document.addEventListener("click", (event) => {
  for (const menu of all("details.menu[open]")) {
    const inside = menu.contains(event.target);
    if (!inside || (event.target.closest(".item") && !event.target.closest("[data-stay]"))) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && event.target.closest?.("details.menu[open]");
  if (menu) { menu.open = false; one("summary", menu).focus(); }
});

onEach("[data-copy]", (button) => {
  if (!navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(new URL(button.dataset.copy, location.href).href);
    say(gettext("The link is copied."));
  });
});

// The why panel: the link that opened it also closes it.
document.addEventListener("htmx:beforeRequest", (event) => {
  const link = event.detail.elt;
  if (!link.matches?.(".why-link")) return;
  const panel = one(link.getAttribute("hx-target"));
  if (panel?.childElementCount) { event.preventDefault(); panel.replaceChildren(); }
});
document.addEventListener("click", (event) => {
  const close = event.target.closest("[data-close-panel]");
  const panel = close?.closest(".why-panel");
  if (!panel) return;
  event.preventDefault();
  const link = one(`[hx-target="#${panel.id}"]`);
  panel.replaceChildren();
  link?.focus();
});

function choose(theme) {
  const root = document.documentElement;
  if (theme === "auto") delete root.dataset.theme; else root.dataset.theme = theme;
  kept.set("theme", theme);
  document.cookie = `theme=${theme};path=/;max-age=31536000;samesite=lax${location.protocol === "https:" ? ";secure" : ""}`;
  showTheme();
}
function showTheme() {
  const now = document.documentElement.dataset.theme ?? "auto";
  for (const button of all("[data-theme-choice]")) {
    const here = button.dataset.themeChoice === now;
    button.setAttribute("aria-pressed", here);
    if (here) button.setAttribute("aria-current", "true"); else button.removeAttribute("aria-current");
  }
}
for (const box of all("[data-themes]")) box.hidden = false;
for (const button of all("[data-theme-choice]")) button.addEventListener("click", () => choose(button.dataset.themeChoice));
showTheme();

// Search forms that filter by themselves when a choice changes, with their button for everyone else.
onEach("select[data-send]", (select) => select.addEventListener("change", () => select.form.requestSubmit()));
onEach("[data-confirm]", (form) => form.addEventListener("submit", (event) => {
  if (!confirm(form.dataset.confirm)) event.preventDefault();
}));
