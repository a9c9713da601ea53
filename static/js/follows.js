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

// What is edited while an answer is on its way stays: the answer to what was there before is left out.
let newer = false;
document.addEventListener("input", (event) => {
  if (event.target.form?.matches("form[data-follows]")) newer = true;
});
document.addEventListener("htmx:beforeSwap", (event) => {
  if (newer && event.detail.requestConfig.elt.matches("form[data-follows]")) event.detail.shouldSwap = false;
});

// A live answer is asked of the form's own address, and no more once the form is sent: htmx would take the address of a
// button that has the focus, and press Undo for who only came by it with the Tab key.
document.addEventListener("htmx:configRequest", (event) => {
  const form = event.target;
  if (!form.matches("form[data-follows]")) return;
  newer = false;
  if (form.dataset.sent) event.preventDefault();
  event.detail.path = form.getAttribute("hx-post");
});
