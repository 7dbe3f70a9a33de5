"use strict";
// Panels stand one below the other in a narrow window; see page.py.
const narrow = matchMedia("(max-width: 44rem)");
const plotOf = (figure) => figure.querySelector(".plotly-graph-div");

function layOut() {
  for (const figure of document.querySelectorAll("figure[data-layouts]")) {
    const layouts = JSON.parse(figure.dataset.layouts);
    const layout = narrow.matches ? layouts.narrow : layouts.wide;
    plotOf(figure).style.height = `${layout.height}px`;
    Plotly.relayout(plotOf(figure), layout);
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

// A chart keeps to its box, also where that was hidden or wider when the chart was drawn.
const widths = new WeakMap();
const fitting = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) {
    if (!contentRect.width || widths.get(target) === contentRect.width) continue;
    widths.set(target, contentRect.width);
    const plot = plotOf(target.closest("figure"));
    if (plot) Plotly.relayout(plot, { width: plot.clientWidth }).then(markScrolling);
  }
});

// In a narrow window a row is a card: each cell says what it is.
for (const table of document.querySelectorAll("table.cards")) {
  const heads = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
  for (const row of table.tBodies[0].rows) {
    [...row.cells].forEach((cell, i) => { cell.dataset.label = heads[i]; });
  }
}

for (const details of document.querySelectorAll("details")) details.addEventListener("toggle", markScrolling);

addEventListener("load", () => {
  if (narrow.matches) layOut();
  narrow.addEventListener("change", layOut);
  addEventListener("resize", markScrolling);
  document.querySelectorAll("figure .scroll").forEach((box) => fitting.observe(box));
  markScrolling();
});
