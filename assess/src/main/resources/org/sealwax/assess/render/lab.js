"use strict";
// Rows come as they change; without this script a reload shows the same.
const rows = document.getElementById("rows");
if (rows && window.EventSource) {
  const source = new EventSource(rows.dataset.events);
  source.addEventListener("part", (event) => {
    const made = document.createElement("template");
    made.innerHTML = event.data;
    for (const fresh of Array.from(made.content.children)) {
      const old = document.getElementById(fresh.id);
      if (old && old.outerHTML !== fresh.outerHTML) {
        old.replaceWith(fresh);
        fresh.classList.add("fresh");
      }
    }
  });
  source.addEventListener("end", () => source.close());
}
for (const button of document.querySelectorAll("[data-copy]")) {
  if (navigator.clipboard) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
      button.textContent = "Copied";
    });
  }
}
