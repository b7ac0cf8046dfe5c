// What every page has: the theme button, dialogs in older browsers, forms that need no button.

const THEMES = ["automatic", "light", "dark"];

const themeButton = document.getElementById("theme");
if (themeButton && document.documentElement.dataset.storage !== "none") {
  const root = document.documentElement;
  const show = () => { themeButton.textContent = `Theme: ${root.dataset.theme ?? "automatic"}`; };
  themeButton.hidden = false;
  show();
  themeButton.addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf(root.dataset.theme ?? "automatic") + 1) % THEMES.length];
    if (next === "automatic") {
      delete root.dataset.theme;
      localStorage.removeItem("hfer-theme");
    } else {
      root.dataset.theme = next;
      localStorage.setItem("hfer-theme", next);
    }
    show();
  });
}

// Browsers since 2025 open dialogs by the button's own attributes.
if (!("commandForElement" in HTMLButtonElement.prototype)) {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[commandfor]");
    const dialog = button && document.getElementById(button.getAttribute("commandfor"));
    if (!dialog) return;
    if (button.getAttribute("command") === "show-modal") dialog.showModal();
    else dialog.close();
  });
}

// A form marked so is sent when a choice changes; its button is for browsers without scripts.
for (const button of document.querySelectorAll("[data-needless]")) button.hidden = true;
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-auto]");
  if (!form) return;
  // Choices left open stay out of the address, so that links are short.
  for (const field of form.elements) if (field.name && !field.value) field.disabled = true;
  form.requestSubmit();
});
// Back from the cache of the browser, those fields must answer again.
addEventListener("pageshow", () => {
  for (const field of document.querySelectorAll("form[data-auto] :disabled")) field.disabled = false;
});
