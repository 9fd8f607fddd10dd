"""The HTML page of an evaluation: the table of scores, and each photo's results side by side."""

import html
import json
import os
from collections.abc import Mapping
from urllib.parse import quote


def page(report: Mapping, columns: Mapping[str, tuple]) -> str:
    """The text of the HTML page, which needs no other file but the pictures that it shows.

    It refers to `pictures/PHOTO-METHOD.png`, relative to its own place. Bytes of a file's name that
    are not UTF-8 are escaped, so that the text can be.

    Args:
        report: As returned by `tfpaint.evaluation.evaluate.evaluate`.
        columns: (title, decimals, direction) of each measure, as in
            `tfpaint.evaluation.evaluate.COLUMNS`.
    """
    about = "; ".join(f"{key}: {value}" for key, value in report["about"].items())
    data = {
        "columns": {key: list(value) for key, value in columns.items()},
        "methods": report["methods"],
        "photos": report["photos"],
        "files": {name: quote(os.fsencode(name), safe="") for name in report["photos"]},
    }
    text = json.dumps(data).replace("<", "\\u003c")
    head, tail = _PAGE.split("DATA")
    about = about.encode("utf-8", "backslashreplace").decode("utf-8")
    return head.replace("ABOUT", html.escape(about)) + text + tail


_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>tfpaint: evaluation</title>
<style>
  :root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
  body { margin: 2rem auto; max-width: 90rem; padding: 0 1rem }
  table { border-collapse: collapse; margin: 1rem 0 2rem }
  th, td { padding: .25rem .8rem; text-align: right; border-bottom: 1px solid #8884 }
  th:first-child, td:first-child { text-align: left }
  .best { font-weight: 700 }
  nav { position: sticky; top: 0; padding: .5rem 0; background: Canvas }
  button, select { font: inherit; padding: .2rem .8rem }
  #pictures { display: grid; gap: 1rem }
  #pictures { grid-template-columns: repeat(auto-fill, minmax(16rem, 1fr)) }
  figure { margin: 0 } img { width: 100% }
  figcaption small { color: #888 }
</style>
<h1>Evaluation</h1>
<p>ABOUT</p>
<table id="means"></table>
<nav>
  <button id="back" aria-label="previous photo">&larr;</button>
  <select id="photo" aria-label="photo"></select>
  <button id="next" aria-label="next photo">&rarr;</button>
  <small>or press the left and right arrow keys</small>
</nav>
<div id="pictures"></div>
<script>
const report = DATA;
const names = Object.keys(report.photos), methods = Object.keys(report.methods);
const columns = Object.entries(report.columns)
  .filter(([key]) => methods.some(name => report.methods[name][key] !== null));
const number = (value, decimals) => value === null ? "–" : value.toFixed(decimals);
const element = (tag, text, parent) => {
  const made = document.createElement(tag);
  made.textContent = text;
  parent.append(made);
  return made;
};

const table = document.getElementById("means");
const head = table.insertRow();
["method", ...columns.map(([, [title]]) => title)].forEach(text => element("th", text, head));
const error = (key, lower, name) => {
  const value = report.methods[name][key];
  if (lower === "none") return NaN;
  if (value === null) return Infinity;
  return lower === null ? Math.abs(value - 1) : lower ? value : -value;
};
for (const name of methods) {
  const row = table.insertRow();
  element("td", name, row);
  for (const [key, [, decimals, lower]] of columns) {
    const cell = element("td", number(report.methods[name][key], decimals), row);
    if (methods.every(other => error(key, lower, name) <= error(key, lower, other)))
      cell.className = "best";
  }
}

const choice = document.getElementById("photo"), pictures = document.getElementById("pictures");
names.forEach(name => element("option", name, choice));
function show(index) {
  choice.selectedIndex = (index + names.length) % names.length;
  const name = names[choice.selectedIndex], scores = report.photos[name];
  pictures.replaceChildren();
  for (const shown of ["input", ...methods, "truth"]) {
    const figure = element("figure", "", pictures);
    const image = element("img", "", figure);
    image.src = `pictures/${report.files[name]}-${shown}.png`;
    image.alt = `${name}, ${shown}`;
    const caption = element("figcaption", shown + " ", figure);
    if (scores[shown]) element("small", columns.map(([key, [title, decimals]]) =>
      `${title} ${number(scores[shown][key], decimals)}`).join(" · "), caption);
  }
}
choice.onchange = () => show(choice.selectedIndex);
document.getElementById("back").onclick = () => show(choice.selectedIndex - 1);
document.getElementById("next").onclick = () => show(choice.selectedIndex + 1);
addEventListener("keydown", event => {
  if (event.target === choice) return;
  if (event.key === "ArrowLeft") show(choice.selectedIndex - 1);
  if (event.key === "ArrowRight") show(choice.selectedIndex + 1);
});
show(0);
</script>
"""
