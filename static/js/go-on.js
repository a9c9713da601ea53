// Sends a form marked data-go-on at once: where nothing is left to decide, nobody has to press its button.
// Not for who came here by Back: they would be sent on for ever.
const [navigation] = performance.getEntriesByType("navigation");
const form = document.querySelector("[data-go-on]");
if (form && navigation?.type !== "back_forward") form.requestSubmit();
