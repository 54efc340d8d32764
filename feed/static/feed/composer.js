// The composer: it counts near the end, keeps what is typed, takes pictures, and never loses a text that could not be sent.
import { addresses, all, gettext, interpolate, kept, later, make, ngettext, one, onEach, post, viewer } from "./page.js";
import { pictures } from "./pictures.js";
import { suggestNames } from "./suggest.js";
import { say } from "./toasts.js";

const NEAR = 60;
const parts = Intl.Segmenter ? new Intl.Segmenter(undefined, { granularity: "grapheme" }) : null;
const lengthOf = (text) => (parts ? [...parts.segment(text)].length : [...text].length);
const newKey = () => (crypto.randomUUID ? crypto.randomUUID() : `${Date.now()}${Math.random()}`).replaceAll(/[^0-9a-z]/g, "");

function set(form) {
  const box = one("[data-say]", form);
  const left = one("[data-left]", form);
  const keptWords = one("[data-kept]", form);
  const failed = one("[data-failed]", form);
  const most = Number(form.dataset.max);
  const key = `draft:${viewer}:${form.dataset.place}`;
  const shots = pictures(form);
  let onServer = Boolean(box.value.trim());
  suggestNames(box);

  function count() {
    const rest = most - lengthOf(box.value.trim());
    left.textContent = rest <= NEAR ? rest : "";
    left.classList.toggle("near", rest <= 20 && rest >= 0);
    left.classList.toggle("over", rest < 0);
    if (rest <= NEAR) left.setAttribute("aria-label", rest < 0
      ? interpolate(ngettext("%s character too many", "%s characters too many", -rest), [-rest])
      : interpolate(ngettext("%s character left", "%s characters left", rest), [rest]));
    else left.removeAttribute("aria-label");
    if (!CSS.supports("field-sizing", "content")) { box.style.height = "auto"; box.style.height = `${box.scrollHeight}px`; }
  }

  const fields = () => Object.fromEntries(["text", "content_warning", "visibility", "language", "place"].map((name) => [name, form.elements[name]?.value ?? ""]));
  const keepOnServer = later(2500, async () => {
    if (!navigator.onLine || (!box.value.trim() && !onServer)) return;
    try {
      onServer = Boolean(box.value.trim()); // an empty text throws the draft away there too
      if ((await post(addresses.draft, fields())).ok && box.value.trim()) keptWords.textContent = gettext("Kept as a draft");
    } catch { /* kept on the device */ }
  });
  function keep() {
    if (box.value.trim()) kept.set(key, JSON.stringify({ ...fields(), at: Date.now() }));
    else { kept.drop(key); keptWords.textContent = ""; }
    keepOnServer();
  }

  function fail(words) {
    failed.textContent = words;
    failed.hidden = false;
    keep();
    box.focus();
  }

  function reset(nextKey) {
    kept.drop(key);
    onServer = false;
    form.reset();
    box.value = "";
    if (form.elements.content_warning) { form.elements.content_warning.value = ""; one(".cw", form).open = false; }
    form.elements.idempotency_key.value = nextKey || newKey();
    shots.clear();
    keptWords.textContent = "";
    failed.hidden = true;
    count();
  }

  const found = JSON.parse(kept.get(key) ?? "null");
  if (found?.text && !box.value.trim() && found.text !== box.defaultValue) {
    box.value = found.text;
    if (found.content_warning) { form.elements.content_warning.value = found.content_warning; one(".cw", form).open = true; }
    keptWords.textContent = gettext("Your draft");
  }
  count();

  box.addEventListener("input", () => {
    count();
    failed.hidden = true;
    for (const list of all(".errorlist", form)) list.remove(); // what was wrong is being put right
    box.removeAttribute("aria-invalid");
    keep();
  });
  form.addEventListener("change", keep);
  box.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") { event.preventDefault(); form.requestSubmit(); }
  });

  form.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt !== form) return;
    if (shots.busy()) { event.preventDefault(); return fail(gettext("A picture is still on its way. Send again in a moment.")); }
    failed.hidden = true;
    for (const button of all("[type=submit]", form)) button.disabled = true;
  });
  form.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt !== form) return;
    for (const button of all("[type=submit]", form)) button.disabled = false;
    if (![200, 201].includes(event.detail.xhr.status)) return; // htmx calls a refused form successful, because it is swapped in
    if ("leave" in form.dataset) {
      kept.drop(key);
      const card = make("div");
      card.innerHTML = event.detail.xhr.responseText;
      location.href = one("[data-url]", card)?.dataset.url ?? addresses.home;
      return;
    }
    reset(event.detail.xhr.getResponseHeader("X-Composer-Key"));
    say(gettext("Sent."));
  });
  form.addEventListener("htmx:responseError", (event) => {
    const fast = event.detail.xhr.status === 429;
    fail(fast ? gettext("That was a little fast. Your text is kept here; wait a moment and send again.") : gettext("It was not sent. Your text is kept here; try again in a moment."));
  });
  form.addEventListener("htmx:sendError", () => fail(gettext("There is no connection. Your text is kept on this device; send again when you are back.")));
}

// A refused form comes back whole, with the words beside it, and takes the place of the one that was sent.
document.addEventListener("htmx:beforeSwap", (event) => {
  const form = event.detail.requestConfig?.elt;
  if (!form?.matches?.("[data-composer]")) return;
  const { status, responseText } = event.detail.xhr;
  if (status >= 400 && responseText.includes("data-composer")) Object.assign(event.detail, { shouldSwap: true, isError: false, target: form, swapOverride: "outerHTML" });
  else if (status < 300 && "leave" in form.dataset) event.detail.shouldSwap = false;
});

onEach("[data-composer]", set);
if (location.hash === "#answer") one("#answer [data-say]")?.focus();
