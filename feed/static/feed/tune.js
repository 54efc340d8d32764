// Sliders say where they stand, in words of their ends; without this they work all the same.
import { all, one, onEach } from "./page.js";

onEach("[data-slider]", (field) => {
  const handle = one("input[type=range]", field), said = one("[data-value]", field), ends = all(".ends span", field);
  const say = () => {
    const at = Number(handle.value);
    const end = at < 0 ? ends[0] : ends[1];
    said.textContent = at === 0 ? "·" : `${end.textContent} ${Math.abs(at)} %`;
    handle.setAttribute("aria-valuetext", at === 0 ? "0" : `${end.textContent}, ${Math.abs(at)} %`);
  };
  handle.addEventListener("input", say);
  say();
});
