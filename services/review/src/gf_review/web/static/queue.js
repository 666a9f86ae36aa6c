"use strict";
// Ticks all cases of the page and says how many are ticked. The page works without this file.
const all = document.getElementById("tick-all");
const boxes = [...document.querySelectorAll("input[name=submission_id]")];
const ticked = document.getElementById("ticked");
function count() {
  const number = boxes.filter((box) => box.checked).length;
  if (ticked) ticked.textContent = `${number} 件`;
  if (all) {
    all.checked = number > 0 && number === boxes.length;
    all.indeterminate = number > 0 && number < boxes.length;
  }
}
if (all && boxes.length) {
  all.hidden = false;
  all.addEventListener("change", () => { boxes.forEach((box) => { box.checked = all.checked; }); count(); });
  boxes.forEach((box) => box.addEventListener("change", count));
  count();
}
