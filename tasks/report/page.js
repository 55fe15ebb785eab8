"use strict";
(() => {
  const rows = [...document.querySelectorAll("tr[data-event]")];
  if (!rows.length) return;
  const byId = (id) => document.getElementById(id);
  const key = "nightjar verdicts " + document.body.dataset.report;
  const VERDICTS = ["normal", "anomaly"];
  let marks = new Map();
  let kept = true;
  try {
    const stored = JSON.parse(localStorage.getItem(key) || "{}");
    marks = new Map(Object.entries(stored).filter(([, verdict]) => VERDICTS.includes(verdict)));
  } catch { kept = false; }
  let current = null;

  const idOf = (row) => row.dataset.event;
  const marked = () => rows.filter((row) => marks.has(idOf(row)));

  function show() {
    for (const row of rows) {
      const verdict = marks.get(idOf(row)) || row.dataset.saved;
      row.dataset.verdict = verdict;
      row.querySelector(".verdict").textContent = verdict;
      for (const button of row.querySelectorAll("button"))
        button.setAttribute("aria-pressed", String(button.dataset.mark === verdict));
    }
    const count = marked().length;
    const normal = marked().filter((row) => marks.get(idOf(row)) === "normal").length;
    byId("tally").textContent = count
      ? `${count} of ${rows.length} marked: ${normal} normal, ${count - normal} anomal${count - normal === 1 ? "y" : "ies"}`
      : `None of ${rows.length} marked yet`;
    byId("unkept").hidden = kept;
    byId("save").disabled = !count;
  }

  function mark(row, verdict) {
    if (verdict) marks.set(idOf(row), verdict);
    else marks.delete(idOf(row));
    try { localStorage.setItem(key, JSON.stringify(Object.fromEntries(marks))); kept = true; } catch { kept = false; }
    byId("after").hidden = true;
    show();
  }

  function go(row) {
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }

  function move(step) {
    const next = current ? rows[rows.indexOf(current) + step] : step > 0 ? rows[0] : null;
    if (next) go(next);
    return Boolean(next);
  }

  function save() {
    const field = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    const lines = marked().map((row) => `${field(idOf(row))},${marks.get(idOf(row))}\r\n`);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(["event_id,verdict\r\n", ...lines], { type: "text/csv" }));
    link.download = "feedback.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    byId("after").hidden = false;
  }

  async function copy() {
    const command = byId("command");
    try {
      await navigator.clipboard.writeText(command.textContent);
      byId("copy").textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(command);
    }
  }

  const help = byId("keys");
  const toggleHelp = () => (help.open ? help.close() : help.showModal());

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
    const pressed = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (pressed === "?") { toggleHelp(); event.preventDefault(); return; }
    if (help.open) return;
    // At the first and the last event the arrows scroll the page again, so that nothing is out of reach.
    if (["j", "ArrowDown"].includes(pressed)) { if (move(1)) event.preventDefault(); return; }
    if (["k", "ArrowUp"].includes(pressed)) { if (move(-1)) event.preventDefault(); return; }
    if (!["n", "a", "u"].includes(pressed)) return;
    event.preventDefault();
    // Nobody judges an event that is not shown as the chosen one.
    if (!current) go(rows[0]);
    else mark(current, { n: "normal", a: "anomaly", u: null }[pressed]);
  });

  for (const row of rows) {
    row.addEventListener("focusin", () => {
      current?.removeAttribute("aria-current");
      current = row;
      row.setAttribute("aria-current", "true");
    });
    row.addEventListener("click", (event) => {
      const verdict = event.target.closest("button")?.dataset.mark;
      if (verdict) mark(row, marks.get(idOf(row)) === verdict ? null : verdict);
    });
  }
  byId("save").addEventListener("click", save);
  byId("copy").addEventListener("click", copy);
  for (const id of ["show-keys", "hide-keys"]) byId(id).addEventListener("click", toggleHelp);
  document.documentElement.classList.add("live");
  show();
})();
