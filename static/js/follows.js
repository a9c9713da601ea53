// Back on a page, a browser may fill in what was typed before: what follows the form ([data-follows]) is told.
function changed(field) {
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  if (field.options) return [...field.options].some((one) => one.selected !== one.defaultSelected && one.defaultSelected);
  return field.type !== "hidden" && "defaultValue" in field && field.value !== field.defaultValue;
}

window.addEventListener("load", () => {
  for (const form of document.querySelectorAll("form[data-follows]")) {
    if ([...form.elements].some(changed)) form.dispatchEvent(new Event("input", { bubbles: true }));
  }
});

// Says so while no answer comes ([data-unanswered]), so that nobody trusts an amount of before.
function told(unanswered) {
  for (const note of document.querySelectorAll("[data-unanswered]")) note.hidden = !unanswered;
}

for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  document.addEventListener(name, () => told(true));
}
document.addEventListener("htmx:afterSwap", () => told(false));

// A live answer is asked of the form's own address, and no more once the form is sent: htmx would take the address of a
// button that has the focus, and press Undo for who only came by it with the Tab key.
document.addEventListener("htmx:configRequest", (event) => {
  const form = event.target;
  if (!form.matches("form[data-follows]")) return;
  if (form.dataset.sent) event.preventDefault();
  event.detail.path = form.getAttribute("hx-post");
});
