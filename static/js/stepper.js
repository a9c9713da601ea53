// Shows the buttons of a stepper and lets them change its number, within its minimum and maximum.
function refresh(stepper) {
  const input = stepper.querySelector("input");
  for (const button of stepper.querySelectorAll("[data-step]")) {
    const next = Number(input.value) + Number(button.dataset.step);
    button.disabled = input.disabled || next < Number(input.min || 0) || (input.max !== "" && next > Number(input.max));
  }
}

function step(button) {
  const stepper = button.closest("[data-stepper]");
  const input = stepper.querySelector("input");
  const least = Number(input.min || 0);
  const most = input.max === "" ? Infinity : Number(input.max);
  const now = Number.parseInt(input.value, 10) || 0;
  let next = Math.min(most, Math.max(least, now + Number(button.dataset.step)));
  // Of what is sold from a number on ([data-floor]) there are none or that many.
  const floor = Number(stepper.dataset.floor || 0);
  if (next < floor) next = next > now ? floor : least;
  input.value = String(next);
  input.dispatchEvent(new Event("input", { bubbles: true }));
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

function prepare(root) {
  for (const stepper of root.querySelectorAll("[data-stepper]")) {
    for (const button of stepper.querySelectorAll("[data-step]")) button.hidden = false;
    refresh(stepper);
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-stepper] [data-step]");
  if (button) step(button);
});
document.addEventListener("input", (event) => {
  const stepper = event.target.closest("[data-stepper]");
  if (stepper) refresh(stepper);
});
document.addEventListener("htmx:afterSwap", (event) => prepare(event.target));
prepare(document);
