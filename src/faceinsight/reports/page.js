"use strict";
// Panels stand one below the other in a narrow window; see page.py.
const narrow = matchMedia("(max-width: 44rem)");
const plotOf = (figure) => figure.querySelector(".plotly-graph-div");

function layOut() {
  for (const figure of document.querySelectorAll("figure[data-layouts]")) {
    const layouts = JSON.parse(figure.dataset.layouts);
    const layout = narrow.matches ? layouts.narrow : layouts.wide;
    plotOf(figure).style.height = `${layout.height}px`;
    Plotly.relayout(plotOf(figure), layout).then(Plotly.Plots.resize);
  }
}

// What scrolls sideways can be reached, and so scrolled, by keyboard.
function markScrolling() {
  for (const box of document.querySelectorAll(".scroll")) {
    const scrolls = box.scrollWidth > box.clientWidth + 1;
    box.classList.toggle("scrolls", scrolls);
    if (scrolls) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}

for (const button of document.querySelectorAll("button[data-update]")) {
  button.addEventListener("click", () => {
    for (const other of button.parentElement.children) {
      other.setAttribute("aria-pressed", String(other === button));
    }
    Plotly.restyle(plotOf(button.closest("figure")), JSON.parse(button.dataset.update));
  });
}

// A chart that was drawn while hidden has no width yet.
for (const details of document.querySelectorAll("details")) {
  details.addEventListener("toggle", () => {
    if (details.open) details.querySelectorAll(".plotly-graph-div").forEach((p) => Plotly.Plots.resize(p));
    markScrolling();
  });
}

addEventListener("load", () => {
  if (narrow.matches) layOut();
  narrow.addEventListener("change", layOut);
  addEventListener("resize", markScrolling);
  markScrolling();
});
