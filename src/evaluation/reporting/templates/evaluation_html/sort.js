// Press the heading of a column to sort its table: up, down, as published. Numbers sort by their published value.
(() => {
  const words = new Intl.Collator(document.documentElement.lang, { numeric: true });
  const states = ["ascending", "descending", "none"];

  const key = (row, column) => {
    const cell = row.cells[column], number = cell.querySelector("data.n");
    const value = number && number.value.trim() !== "" ? Number(number.value) : NaN;
    return { number: value, text: cell.textContent.trim() };
  };
  const compare = (a, b) => {
    if (Number.isNaN(a.number) !== Number.isNaN(b.number)) return Number.isNaN(a.number) ? 1 : -1;
    return Number.isNaN(a.number) ? words.compare(a.text, b.text) : a.number - b.number;
  };

  const sort = (body, published, column, state) => {
    const turn = state === "descending" ? -1 : 1;
    const keyed = published.map((row) => [key(row, column), row]);
    if (state !== "none") {
      keyed.sort(([a], [b]) => {
        const missing = Number.isNaN(a.number) !== Number.isNaN(b.number);
        return missing ? compare(a, b) : turn * compare(a, b);
      });
    }
    body.append(...keyed.map(([, row]) => row));
  };

  for (const table of document.querySelectorAll("figure.exhibit table")) {
    const body = table.tBodies[0], published = [...body.rows], headings = [...table.tHead.rows[0].cells];
    if (published.length < 3) continue;
    headings.forEach((heading, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => {
        const state = states[(states.indexOf(heading.getAttribute("aria-sort") ?? "none") + 1) % states.length];
        headings.forEach((other) => other.removeAttribute("aria-sort"));
        if (state !== "none") heading.setAttribute("aria-sort", state);
        sort(body, published, column, state);
      });
    });
  }
})();
