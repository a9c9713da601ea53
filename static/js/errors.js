// Marks the fields whose notes ([data-errors] with the field's name) came anew, for eyes and readers alike.
function mark(note) {
  const found = note.firstElementChild;
  for (const field of document.getElementsByName(note.dataset.errors)) {
    if (found) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
    const others = (field.getAttribute("aria-describedby") || "").split(" ").filter((id) => id && id !== note.id);
    if (found) others.unshift(note.id);
    if (others.length) field.setAttribute("aria-describedby", others.join(" "));
    else field.removeAttribute("aria-describedby");
  }
}

document.addEventListener("htmx:oobAfterSwap", (event) => {
  // The event names the note that was there before; the one that came has its id.
  const note = document.getElementById(event.detail.target.id);
  if (note?.matches("[data-errors]")) mark(note);
});
