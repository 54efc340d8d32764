// Quiet messages at the foot of the page. They leave by themselves, but never while one reads or reaches for them.
import { gettext, make, one, onEach } from "./page.js";

const shelf = one("#toasts");
const LONG_ENOUGH = 6000;

export function say(words) {
  if (!shelf || !words) return;
  const close = make("button", { className: "close", type: "button", textContent: "×" });
  close.setAttribute("aria-label", gettext("Close"));
  close.dataset.close = "";
  const toast = make("div", { className: "toast" }, make("div", { textContent: words }), close);
  shelf.append(toast);
  set(toast);
}

function set(toast) {
  const close = one("[data-close]", toast);
  if (close) { close.hidden = false; close.addEventListener("click", () => toast.remove()); }
  const wait = one("form", toast) ? LONG_ENOUGH * 3 : LONG_ENOUGH;
  const leave = () => {
    if (toast.matches(":hover, :focus-within")) return setTimeout(leave, 2000);
    toast.classList.add("leaving");
    setTimeout(() => toast.remove(), 250);
  };
  setTimeout(leave, wait);
}

onEach("[data-toast]", set);

const problems = () => ({
  429: gettext("That was a little fast. Wait a moment and try again."),
  404: gettext("This is not there any more."),
  403: gettext("That is not allowed. Load the page again and try once more."),
});
document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.elt.closest?.("[data-composer]")) return; // the composer says it itself, beside the text
  say(problems()[event.detail.xhr.status] ?? gettext("That did not work. Nothing was changed; try again in a moment."));
});
document.addEventListener("htmx:sendError", (event) => {
  if (!event.detail.elt.closest?.("[data-composer]")) say(gettext("There is no connection. Try again in a moment."));
});
