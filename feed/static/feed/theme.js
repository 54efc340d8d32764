// Day or night before the first paint: the reader's choice on this device wins over the cookie the server saw.
(() => {
  const root = document.documentElement;
  root.classList.add("scripted");
  let chosen = null;
  try { chosen = localStorage.getItem("theme"); } catch { /* storage is off: the cookie holds */ }
  if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
  else if (chosen === "auto") delete root.dataset.theme;
})();
