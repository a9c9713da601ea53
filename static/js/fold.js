// Folds what is marked data-fold where a phone has no room for it; what is in use stays open.
const narrow = matchMedia("(max-width: 40rem)");
function fold() {
  for (const one of document.querySelectorAll("[data-fold]")) one.open = !narrow.matches || one.dataset.fold === "used";
}
narrow.addEventListener("change", fold);
fold();
