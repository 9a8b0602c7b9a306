"use strict";
// The page: a collection, a table of its segments, and the pictures of the one that is open.

const report = (() => {
  const { html } = drawing;
  const MODALITIES = ["text", "audio", "video"];
  const NAMES = { text: "T-SHAP", audio: "A-SHAP", video: "V-SHAP" };
  const KINDS = { all: "All segments", label: "By predicted label", label_true: "By true label", correct: "Right and wrong", programme: "By programme", time: "Over time, by when segments start" };
  const [ID, LABEL, PROBABILITY, TRUE, TEXT, SHARE, SCRIPT, REASON] = [0, 1, 2, 3, 4, 5, 8, 9];
  const ROWS = 100; // of a page of the table
  const COLUMNS = [["segment", ID], ["label", LABEL], ["true", TRUE], ["text", TEXT], ["T", SHARE], ["A", SHARE + 1], ["V", SHARE + 2]];

  const state = { rows: [], haystacks: [], found: [], page: 0, active: -1, sort: null, details: new Map(), opened: null };
  const by = (id) => document.getElementById(id);
  const percent = (share) => (share === null || share === undefined ? "–" : `${Math.round(100 * share)}`);

  const counted = (count) => `${count.toLocaleString("en")} segment${count === 1 ? "" : "s"}`;

  function index(summary, rows) {
    Object.assign(state, { rows, head: summary.head });
    state.haystacks = rows.map((row) => [row[ID], row[LABEL], row[TRUE], row[TEXT], row[REASON]].join("\n").toLowerCase());
    by("title").textContent = summary.name;
    document.title = `${summary.name}: explanations`;
    by("counts").textContent = `${summary.explained.toLocaleString("en")} of ${summary.segments.toLocaleString("en")} segments explained`;
    by("warnings").append(...summary.warnings.map((warning) => html("p", { class: "warning" }, warning)));
    by("collection").append(...collection(summary));
    head();
    find();
    follow();
  }

  // The collection.

  function collection(summary) {
    const kinds = Object.keys(KINDS).map((kind) => groups(kind, summary.groups[kind] || [], summary.kinds[kind]));
    return [html("h2", {}, "What carried it"), key(), html("div", { class: "columns" }, kinds),
      html("div", { class: "columns" }, leanings(summary), confusion(summary.confusion), bases(summary.base_values)),
      tokens(summary.tokens)];
  }

  function key() {
    return html("p", {}, MODALITIES.map((modality) => html("span", { class: "key" }, html("i", { class: modality }), `${NAMES[modality]}, ${modality}`)));
  }

  function groups(kind, some, all) {
    if (!some.length) return null;
    return html("div", {}, html("h3", {}, KINDS[kind] + (some.length < all ? `: ${some.length} of ${all}` : "")), html("div", { class: "scroll" }, html("table", {},
      html("tbody", {}, some.map((group) => html("tr", {},
        html("td", {}, kind === "all" ? "" : group.name, html("div", { class: "note" }, counted(group.segments))),
        html("td", {}, bar(MODALITIES.map((modality) => group.shares[modality] && group.shares[modality].mean)),
          html("div", { class: "shares" }, MODALITIES.map((modality) => mean(modality, group.shares[modality])).join("  "))))))))); 
  }

  function mean(modality, share) {
    const letter = NAMES[modality][0];
    if (!share) return `${letter} –`;
    return share.low === null ? `${letter} ${percent(share.mean)}` : `${letter} ${percent(share.mean)} (${percent(share.low)} to ${percent(share.high)})`;
  }

  function bar(shares) {
    const words = MODALITIES.map((modality, i) => `${NAMES[modality]} ${percent(shares[i])} %`).join(", ");
    return html("div", { class: "bar", role: "img", "aria-label": words }, MODALITIES.map((modality, i) => {
      const part = html("i", { class: modality });
      part.style.width = `${100 * (shares[i] || 0)}%`;
      return part;
    }));
  }

  const about = ({ low, high }) => (low === null ? "" : `±${((high - low) / 2).toFixed(3)}`);

  function leanings(summary) {
    return html("div", {}, html("h3", {}, "Those that lean most on"), MODALITIES.map((modality) => {
      const some = (summary.leaning[modality] || []).slice(0, 5);
      return some.length ? html("div", {}, html("div", { class: "note" }, modality), html("table", {}, html("tbody", {}, some.map((one) =>
        html("tr", {}, html("td", {}, html("button", { class: "link", onclick: () => open(one.segment_id) }, one.segment_id)),
          html("td", {}, one.label), html("td", { class: "number" }, `${percent(one.share)} %`)))))) : null;
    }));
  }

  function confusion(found) {
    if (!found) return null;
    const total = found.counts.flat().reduce((sum, count) => sum + count, 0);
    const right = found.counts.reduce((sum, row, i) => sum + row[i], 0);
    return html("div", {}, html("h3", {}, "True label down, predicted across"),
      html("div", { class: "scroll" }, html("table", { class: "confusion" },
        html("thead", {}, html("tr", {}, html("th", {}), found.labels.map((label) => html("th", { class: "number" }, label)))),
        html("tbody", {}, found.counts.map((row, i) => html("tr", {}, html("th", {}, found.labels[i]), row.map((count) => html("td", { class: "number" }, count || "·"))))))),
      html("p", { class: "note" }, `${right} of ${total} right, ${Math.round((100 * right) / total)} %`));
  }

  function bases(values) {
    const rows = Object.entries(values).sort((one, other) => other[1].mean - one[1].mean);
    return rows.length ? html("div", {}, html("h3", {}, "Base values: the model with everything masked"), html("table", {}, html("tbody", {},
      rows.map(([label, value]) => html("tr", {}, html("td", {}, label), html("td", { class: "number" }, value.mean.toFixed(3)), html("td", { class: "shares" }, about(value))))))) : null;
  }

  function tokens(some) {
    const labels = [...new Set(some.map((token) => token.label))];
    if (!labels.length) return null;
    return html("div", {}, html("h3", {}, "Tokens with the most influence on each label, and how often they occur"), html("div", { class: "columns" },
      labels.map((label) => html("div", {}, html("div", { class: "note" }, label), html("table", {}, html("tbody", {},
        some.filter((token) => token.label === label).slice(0, 6).map((token) => html("tr", {}, html("td", {}, token.token || "(space)"),
          html("td", { class: "number" }, `${token.count}×`), html("td", { class: "number" }, pictures.signed(token.phi.mean)), html("td", { class: "shares" }, about(token.phi))))))))));
  }

  // The table.

  function head() {
    by("table").tHead.replaceChildren(html("tr", {}, COLUMNS.map(([name, column]) =>
      html("th", { "data-column": column }, html("button", { onclick: () => sortBy(column) }, name)))));
    by("search").addEventListener("input", find);
    document.addEventListener("keydown", pressed);
    window.addEventListener("hashchange", follow);
    by("detail").addEventListener("close", closed);
  }

  function find() {
    const words = by("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    state.found = state.rows.map((_, i) => i).filter((i) => words.every((word) => state.haystacks[i].includes(word)));
    Object.assign(state, { page: 0, active: -1 });
    order();
    show();
  }

  function sortBy(column) {
    const falling = state.sort && state.sort.column === column ? !state.sort.falling : column >= SHARE;
    state.sort = { column, falling };
    for (const th of by("table").tHead.rows[0].cells) {
      if (+th.dataset.column === column) th.setAttribute("aria-sort", falling ? "descending" : "ascending");
      else th.removeAttribute("aria-sort");
    }
    Object.assign(state, { page: 0, active: -1 });
    order();
    show();
  }

  function order() { // what is missing comes last, whichever way
    if (!state.sort) return;
    const { column, falling } = state.sort;
    const compare = (a, b) => (typeof a === "number" ? a - b : a < b ? -1 : a > b ? 1 : 0);
    state.found.sort((i, j) => {
      const [a, b] = [state.rows[i][column], state.rows[j][column]];
      if (a === null || b === null) return (a === null) - (b === null);
      return (falling ? -1 : 1) * compare(a, b) || i - j;
    });
  }

  function show() {
    const from = state.page * ROWS;
    const rows = state.found.slice(from, from + ROWS).map((i) => line(state.rows[i]));
    by("table").tBodies[0].replaceChildren(...rows);
    by("found").textContent = counted(state.found.length);
    const last = Math.max(0, Math.ceil(state.found.length / ROWS) - 1);
    by("pages").replaceChildren(...(last ? [turn("Previous", -1, state.page > 0), html("span", { class: "note" }, `page ${state.page + 1} of ${last + 1}`), turn("Next", 1, state.page < last)] : []));
  }

  function turn(name, by, possible) {
    const button = html("button", { class: "plain", onclick: () => { state.page += by; state.active = -1; show(); } }, name);
    button.disabled = !possible;
    return button;
  }

  function line(row) {
    const failed = row[REASON] !== null;
    const label = failed ? html("span", { class: "failed" }, "failed") : `${row[LABEL]} ${row[PROBABILITY].toFixed(2)}`;
    const shares = row.slice(SHARE, SHARE + 3);
    return html("tr", { "data-id": row[ID], tabindex: -1, onclick: () => open(row[ID]) },
      html("td", {}, failed ? row[ID] : html("a", { href: hash(row[ID]), onclick: (event) => event.stopPropagation() }, row[ID])),
      html("td", {}, label), html("td", {}, row[TRUE] || ""), html("td", { dir: "auto" }, failed ? row[REASON] : row[TEXT]),
      html("td", { colspan: 3 }, failed ? null : [bar(shares), html("div", { class: "shares" }, shares.map((share, i) => `${"TAV"[i]} ${percent(share)}`).join("  "))]));
  }

  function pressed(event) {
    const typing = event.target instanceof HTMLInputElement;
    if (by("detail").open || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/" && !typing) { event.preventDefault(); by("search").focus(); return; }
    const arrows = by("segments").contains(event.target) ? { ArrowDown: 1, ArrowUp: -1 } : {}; // elsewhere they scroll
    const step = { ...arrows, ...(typing ? {} : { j: 1, k: -1 }) }[event.key];
    if (step) { event.preventDefault(); move(step, typing); }
    else if (event.key === "Enter" && state.active >= 0 && (typing || event.target === document.body || event.target instanceof HTMLTableRowElement)) open(by("table").tBodies[0].rows[state.active].dataset.id);
  }

  function move(step, typing) { // focus follows, so that Enter means this row; a search keeps it
    const rows = by("table").tBodies[0].rows;
    if (!rows.length) return;
    if (rows[state.active]) rows[state.active].classList.remove("active");
    state.active = Math.min(Math.max(state.active + step, 0), rows.length - 1);
    rows[state.active].classList.add("active");
    if (!typing) rows[state.active].focus({ preventScroll: true });
    rows[state.active].scrollIntoView({ block: "nearest" });
  }

  // One segment.

  const hash = (id) => `#segment=${encodeURIComponent(id)}`;

  function open(id) {
    if (location.hash === hash(id)) follow();
    else location.hash = hash(id);
  }

  function follow() {
    const match = /^#segment=(.*)$/s.exec(location.hash);
    if (!match) { by("detail").close(); return; }
    let id = match[1];
    try { id = decodeURIComponent(id); } catch { return; }
    const row = state.rows.find((one) => one[ID] === id);
    if (row && row[SCRIPT] !== null) load(row[SCRIPT], id);
    else by("detail").close();
  }

  function load(number, id) {
    state.opened = id;
    if (state.details.has(id)) { draw(state.details.get(id)); return; }
    const lost = () => { by("counts").textContent = `report/details/${number}.js can't be read: copy report/ along with the page.`; };
    document.head.append(html("script", { src: `report/details/${number}.js`, onerror: lost }));
  }

  function details(number, some) {
    state.details.clear(); // those of one script at a time
    for (const detail of some) state.details.set(detail.id, detail);
    if (state.details.has(state.opened)) draw(state.details.get(state.opened));
  }

  function draw(detail) {
    const unit = state.head === "score" ? "score" : "probability";
    const close = html("button", { class: "plain", onclick: () => by("detail").close(), "aria-label": "Close" }, "Close");
    const shown = [
      html("header", {}, html("div", {}, html("h2", { id: "detail-title" }, detail.id),
        html("div", { class: "note" }, `${detail.label} ${detail.probability.toFixed(2)} · ${detail.media} · ${(detail.span[0] / 1000).toFixed(2)} to ${(detail.span[1] / 1000).toFixed(2)} s`)), close),
      bar(MODALITIES.map((modality) => detail.shares[modality][0])),
      html("p", { class: "shares" }, MODALITIES.map((modality) => { const [value, low, high] = detail.shares[modality]; return mean(modality, value === null ? null : { mean: value, low, high }); }).join("  ")),
      detail.text ? html("p", { class: "quote", dir: "auto" }, detail.text) : null,
      detail.preview ? html("video", { src: detail.preview, controls: "", preload: "metadata" }) : null,
      detail.reliable === false ? html("p", { class: "warning" }, "Too few masks: don't trust whiskers and intervals.") : null,
      detail.cut ? html("p", { class: "note" }, "The model saw only a part of the segment.") : null,
      detail.readable ? null : html("p", { class: "note" }, "The media can't be read from here: neither waveform nor frame."),
      html("div", { class: "pictures" },
        figure(`Words, Shapley values in ${unit}`, detail.tokens.length ? pictures.text(detail.tokens) : null),
        figure("Sound", detail.sound ? pictures.sound(detail.sound) : null),
        figure("Picture", detail.picture ? pictures.picture(detail.picture) : null),
        figure("Text against sound", detail.words ? pictures.together(detail.words) : null)),
    ];
    by("detail").replaceChildren(...shown.filter(Boolean));
    if (!by("detail").open) by("detail").showModal();
    by("detail").scrollTop = 0;
  }

  const figure = (caption, drawn) => (drawn ? html("figure", {}, html("figcaption", {}, caption), drawn) : null);

  function closed() {
    drawing.hideTip();
    document.body.append(by("tip"));
    state.opened = null;
    if (location.hash) history.replaceState(null, "", location.pathname + location.search);
  }

  return { index, details };
})();
