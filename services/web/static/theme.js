// Before the first paint, so that a page chosen dark never flashes light. A classic script on
// purpose: modules run after the page is drawn.
(() => {
  // What needs scripts has room from the first paint on.
  document.documentElement.classList.add("has-scripts");
  try {
    const chosen = localStorage.getItem("hfer-theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  } catch {
    // Storage is forbidden in this browser: the system's theme it is.
    document.documentElement.dataset.storage = "none";
  }
})();
