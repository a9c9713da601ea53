// Asks before a page is left whose form was edited and not sent: form[data-unsaved].
for (const form of document.querySelectorAll("form[data-unsaved]")) {
  const state = () => new URLSearchParams(new FormData(form)).toString();
  const before = state();
  let leaving = false;
  form.addEventListener("submit", () => {
    leaving = true;
  });
  window.addEventListener("pageshow", () => {
    leaving = false;
  });
  window.addEventListener("beforeunload", (event) => {
    // What the server filled in (a draft, a request to edit) is kept there.
    if (!leaving && state() !== before) event.preventDefault();
  });
}
