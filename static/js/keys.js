// The keys of every page of an account: / and Ctrl K lead to the search, ? lists them (#keys); none while something is typed.
const dialog = document.getElementById("keys");
const typed = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";

function search() {
  const field = document.querySelector("[data-search-field]");
  if (field) field.select();
  else document.querySelector("[data-search]").click();
}

if (dialog) {
  // Who speaks to their computer, or types by accident, turns single keys off (WCAG 2.1.4).
  const single = dialog.querySelector("[data-single-keys]");
  single.checked = localStorage.getItem("single-keys") !== "off";
  single.addEventListener("change", () => localStorage.setItem("single-keys", single.checked ? "on" : "off"));

  for (const button of document.querySelectorAll("[data-keys]")) {
    button.hidden = false;
    button.addEventListener("click", () => dialog.showModal());
  }

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || dialog.open || event.target.closest?.(typed)) return;
    const command = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey && single.checked;
    if ((command && event.key.toLowerCase() === "k") || (plain && event.key === "/")) search();
    else if (plain && event.key === "?") dialog.showModal();
    else return;
    event.preventDefault();
  });
}
