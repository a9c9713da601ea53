// Shows the buttons marked data-print, and prints the page when one is clicked.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
