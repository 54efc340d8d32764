// Long conversations fold: an answer that was answered gets a button that hides what hangs below it.
import { all, interpolate, make, ngettext, one } from "./page.js";

const depthOf = (branch) => Number(branch.dataset.depth ?? 0);

function below(branch) {
  const found = [];
  for (let next = branch.nextElementSibling; next?.matches(".branch") && depthOf(next) > depthOf(branch); next = next.nextElementSibling) found.push(next);
  return found;
}

function dress(branch) {
  const number = below(branch).length;
  let button = one(":scope > .fold", branch);
  if (!number) return button?.remove();
  if (!button) {
    button = make("button", { type: "button", className: "fold" });
    button.setAttribute("aria-expanded", "true");
    button.addEventListener("click", () => {
      const open = button.getAttribute("aria-expanded") !== "true";
      for (const answer of below(branch)) {
        answer.hidden = !open;
        const inner = one(":scope > .fold", answer);
        if (inner && open) { inner.setAttribute("aria-expanded", "true"); word(inner, below(answer).length); }
      }
      button.setAttribute("aria-expanded", open);
      word(button, below(branch).length);
    });
    branch.append(button);
  }
  word(button, number);
}

function word(button, number) {
  const open = button.getAttribute("aria-expanded") === "true";
  button.textContent = open
    ? interpolate(ngettext("Hide %s answer", "Hide %s answers", number), [number])
    : interpolate(ngettext("Show %s answer", "Show %s answers", number), [number]);
}

function dressAll() { for (const branch of all(".branch")) dress(branch); }
dressAll();
document.addEventListener("htmx:load", dressAll);
