"use strict";
// Elements of HTML and SVG: data become text and attributes, never markup.

const drawing = (() => {
  const SVG = "http://www.w3.org/2000/svg";

  function fill(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name === "tip") tipped(node, value);
      else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value !== null && value !== undefined) node.setAttribute(name, value);
    }
    node.append(...children.flat().filter((child) => child !== null && child !== undefined));
    return node;
  }

  const html = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
  const svg = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

  // A tooltip for the pointer, the keyboard and screen readers.
  function tipped(node, text) {
    node.setAttribute("tabindex", "0");
    node.setAttribute("role", "img");
    node.setAttribute("aria-label", text);
    for (const event of ["pointerenter", "focus"]) node.addEventListener(event, () => showTip(node, text));
    for (const event of ["pointerleave", "blur"]) node.addEventListener(event, hideTip);
  }

  function showTip(node, text) {
    const tip = document.getElementById("tip");
    const dialog = document.getElementById("detail");
    (dialog.open ? dialog : document.body).append(tip); // an open dialog lies above everything else
    tip.textContent = text;
    tip.hidden = false;
    const place = node.getBoundingClientRect();
    const left = Math.min(place.left, window.innerWidth - tip.offsetWidth - 8);
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${Math.max(8, place.top - tip.offsetHeight - 6)}px`;
  }

  function hideTip() {
    document.getElementById("tip").hidden = true;
  }

  // A function from a range of values to a range of places.
  const scale = (low, high, from, to) => (value) => from + ((value - low) / (high - low || 1)) * (to - from);

  // Some round numbers between two values.
  function ticks(low, high, about) {
    const rough = (high - low) / about || 1;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((times) => times * power).find((size) => size >= rough);
    const found = [];
    for (let tick = Math.ceil(low / step) * step; tick <= high + step / 1e6; tick += step) found.push(+tick.toPrecision(6));
    return found;
  }

  return { html, svg, scale, ticks, hideTip };
})();
