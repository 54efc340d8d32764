// Pictures in the composer: chosen, pasted or dropped; uploaded at once, described, removed.
import { addresses, all, gettext, make, one, post } from "./page.js";

const MOST = 4;

export function pictures(form) {
  const shelf = one("[data-pictures]", form);
  const input = one("[data-images]", form);
  let waiting = 0;
  for (const row of all("[data-picture]", shelf)) removable(row);

  function removable(row) {
    const button = one("[data-remove]", row);
    button.hidden = false;
    button.addEventListener("click", () => { row.remove(); one("[data-say]", form).focus(); });
  }

  function row(preview) {
    const image = make("img", { src: preview, alt: "" });
    const words = gettext("Describe the picture for those who cannot see it");
    const alt = make("textarea", { name: "alts", rows: 3, maxLength: 1500, placeholder: words, dir: "auto" });
    alt.setAttribute("aria-label", words);
    const remove = make("button", { type: "button", className: "button bare icon-only", textContent: "×" });
    remove.dataset.remove = "";
    remove.setAttribute("aria-label", gettext("Remove the picture"));
    const made = make("div", { className: "picture waiting" }, image, alt, remove);
    made.dataset.picture = "";
    removable(made);
    return made;
  }

  function complain(words) {
    const place = one("[data-failed]", form);
    place.textContent = words;
    place.hidden = false;
  }

  async function take(file) {
    if (!file.type.startsWith("image/")) return;
    if (all("[data-picture]", shelf).length >= MOST) return complain(gettext("A post takes four pictures."));
    const preview = URL.createObjectURL(file);
    const made = row(preview);
    shelf.append(made);
    waiting += 1;
    try {
      const body = new FormData();
      body.append("image", file);
      const answer = await post(addresses.upload, body);
      const facts = await answer.json().catch(() => ({}));
      if (!answer.ok) throw new Error(facts.error || "");
      made.classList.remove("waiting");
      made.prepend(make("input", { type: "hidden", name: "attachments", value: facts.id }));
    } catch (problem) {
      made.remove();
      complain(problem.message && problem.name === "Error" ? problem.message : gettext("The picture could not be uploaded. Your text is kept."));
    } finally { waiting -= 1; setTimeout(() => URL.revokeObjectURL(preview), 600_000); }
  }

  input?.addEventListener("change", () => { for (const file of input.files) take(file); input.value = ""; });
  form.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])].filter((file) => file.type.startsWith("image/"));
    if (files.length) { event.preventDefault(); files.forEach(take); }
  });
  form.addEventListener("dragover", (event) => { if (event.dataTransfer?.types.includes("Files")) { event.preventDefault(); form.classList.add("dropping"); } });
  for (const name of ["dragleave", "drop"]) form.addEventListener(name, () => form.classList.remove("dropping"));
  form.addEventListener("drop", (event) => { if (event.dataTransfer?.files.length) { event.preventDefault(); [...event.dataTransfer.files].forEach(take); } });

  return { clear: () => shelf.replaceChildren(), busy: () => waiting > 0 };
}
