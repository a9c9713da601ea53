// Keeps half-typed text to itself: only the finished value of such a field counts.
for (const field of document.querySelectorAll("[data-quiet]")) {
  field.addEventListener("input", (event) => event.stopPropagation());
}
