"use strict";
const table = document.querySelector("#faces");

if (table) {
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row) => ({
    row,
    labels: JSON.parse(row.dataset.labels),
    text: row.textContent.toLowerCase(),
  }));
  const words = document.querySelector("#words");
  const label = document.querySelector("#label");
  const groups = [...document.querySelectorAll("select[data-group]")];
  const form = document.querySelector(".filters");

  const filter = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    const counts = new Map();
    const count = (of, word) => counts.set(`${of}\n${word}`, (counts.get(`${of}\n${word}`) ?? 0) + 1);
    for (const { row, labels, text } of rows) {
      const kept = wanted.every((word) => text.includes(word))
        && (!label.value || labels.includes(label.value))
        && groups.every((group) => !group.value || row.dataset[group.dataset.group] === group.value);
      row.hidden = !kept;
      if (!kept) continue;
      shown += 1;
      groups.forEach((group) => count(group.dataset.group, row.dataset[group.dataset.group]));
      labels.forEach((one) => count("labels", one));
    }
    document.querySelector("#count").textContent = `${shown} of ${rows.length} shown`;
    for (const bars of document.querySelectorAll(".bars")) {
      for (const bar of bars.children) {
        const n = counts.get(`${bars.dataset.of}\n${bar.dataset.word}`) ?? 0;
        const share = shown ? (100 * n) / shown : 0;
        bar.querySelector("i").style.width = `${share.toFixed(1)}%`;
        bar.querySelector(".n").textContent = `${n} · ${share.toFixed(0)}%`;
      }
    }
  };
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(filter));
  filter(); // a browser that goes back keeps what was typed

  const value = (row, column, kind) => {
    const cell = row.cells[column];
    const text = cell.dataset.sort ?? cell.textContent;
    return kind === "number" ? Number(text || NaN) : text;
  };
  for (const button of table.querySelectorAll("th button")) {
    button.addEventListener("click", () => {
      const head = button.parentElement;
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of table.tHead.rows[0].cells) {
        if (other.hasAttribute("aria-sort")) other.setAttribute("aria-sort", "none");
      }
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const { kind } = button.dataset;
      const compare = (a, b) => (kind === "number"
        ? (Number.isNaN(a) ? 1 : 0) - (Number.isNaN(b) ? 1 : 0) || a - b
        : a.localeCompare(b, undefined, { numeric: true }));
      const sorted = rows.map(({ row }) => row).sort(
        (a, b) => (down ? -1 : 1)
          * compare(value(a, head.cellIndex, kind), value(b, head.cellIndex, kind)),
      );
      body.append(...sorted);
    });
  }
}
