// While writing @… or #…: a list of people or topics, by the listbox pattern, worked with the arrow keys.
// A textarea may not be a combobox, so it stays a text box that owns the list and names the active option.
import { addresses, gettext, interpolate, later, make } from "./page.js";

let lists = 0;

export function suggestNames(box) {
  const id = `options-${++lists}`;
  const list = make("ul", { className: "options", id, hidden: true });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", gettext("Suggestions"));
  const said = make("span", { className: "only-read" });
  said.setAttribute("role", "status");
  box.after(list, said);
  for (const [name, value] of [["aria-autocomplete", "list"], ["aria-controls", id], ["aria-haspopup", "listbox"]]) box.setAttribute(name, value);
  let at = -1;
  let begun = null;
  let asked = 0;

  // The word under the cursor, if it begins with @ or #.
  function word() {
    const before = box.value.slice(0, box.selectionStart);
    const found = /(?:^|[\s（(])([@#＃])([\p{L}\p{N}_·]{1,30})$/u.exec(before);
    return found && { sign: found[1] === "＃" ? "#" : found[1], start: before.length - found[2].length - 1, typed: found[2] };
  }

  function close() {
    list.hidden = true;
    at = -1;
    box.removeAttribute("aria-activedescendant");
    said.textContent = "";
  }

  function mark(index) {
    const options = [...list.children];
    at = (index + options.length) % options.length;
    options.forEach((option, number) => option.setAttribute("aria-selected", number === at));
    box.setAttribute("aria-activedescendant", options[at].id);
    options[at].scrollIntoView({ block: "nearest" });
  }

  function take(value) {
    const end = box.selectionStart;
    box.setRangeText(`${begun.sign}${value} `, begun.start, end, "end");
    close();
    box.focus();
    box.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function option(row, number) {
    const value = begun.sign === "@" ? row.username : (row.shown_as || row.name);
    const element = make("li", { id: `${id}-${number}` });
    element.setAttribute("role", "option");
    element.setAttribute("aria-selected", "false");
    if (begun.sign === "@") element.append(make("strong", { textContent: row.name || row.display_name || row.username }), make("span", { className: "quiet", textContent: `@${row.username}` }));
    else element.append(make("strong", { textContent: `#${value}` }), make("span", { className: "quiet", textContent: row.title && row.title !== `#${value}` ? row.title : "" }));
    element.addEventListener("mousedown", (event) => { event.preventDefault(); take(value); });
    return element;
  }

  const ask = later(150, async () => {
    begun = word();
    if (!begun) return close();
    const mine = ++asked;
    try {
      const url = begun.sign === "@" ? addresses.people : addresses.topics;
      const answer = await fetch(`${url}?q=${encodeURIComponent(begun.typed)}`);
      const rows = answer.ok ? await answer.json() : [];
      if (mine !== asked || !word()) return;
      const few = (Array.isArray(rows) ? rows : rows.results ?? []).slice(0, 6);
      if (!few.length) return close();
      list.replaceChildren(...few.map(option));
      list.hidden = false;
      mark(0);
      said.textContent = interpolate(gettext("%s suggestions, choose with the arrow keys"), [few.length]);
    } catch { close(); }
  });

  box.addEventListener("input", () => { if (word()) ask(); else close(); });
  box.addEventListener("blur", () => setTimeout(close, 150));
  box.addEventListener("keydown", (event) => {
    if (list.hidden || event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); mark(at + (event.key === "ArrowDown" ? 1 : -1)); }
    else if (event.key === "Enter" || event.key === "Tab") { event.preventDefault(); list.children[at]?.dispatchEvent(new MouseEvent("mousedown", { cancelable: true })); }
    else if (event.key === "Escape") { event.stopPropagation(); close(); }
  });
}
