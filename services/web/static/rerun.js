// "Run again" opens its form in a dialog on the page; without scripts it is a page of its own.

document.addEventListener("click", async (event) => {
  const link = event.target.closest?.("a[data-dialog]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  try {
    const answer = await fetch(link.href, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const form = page.getElementById("rerun");
    if (!answer.ok || form === null) throw new Error(String(answer.status));
    open(document.adoptNode(form), link);
  } catch {
    location.href = link.href;
  }
});

function open(form, link) {
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-labelledby", "rerun-title");
  dialog.append(form);
  dialog.addEventListener("close", () => { dialog.remove(); link.focus(); });
  dialog.querySelector("[data-close]").addEventListener("click", (event) => { event.preventDefault(); dialog.close(); });
  document.body.append(dialog);
  dialog.showModal();
}
