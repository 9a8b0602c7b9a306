"use strict";
// The four pictures of a segment, as SVG.

const pictures = (() => {
  const { svg, scale, ticks } = drawing;
  const REACH = 1.96; // standard errors: 95 %
  const MOST = 15; // bars of words
  const WIDTH = 460;

  const size = (value) => (value > 0 && value < 0.0005 ? value.toExponential(0) : value.toFixed(3));
  const signed = (value) => (value >= 0 ? "+" : "−") + size(Math.abs(value));
  const error = (se) => (REACH * se < 0.001 ? "±<0.001" : `±${(REACH * se).toFixed(3)}`);
  const said = (phi, se) => signed(phi) + (se === null ? ", no standard error" : ` ${error(se)}`);
  const sign = (phi) => (phi > 0 ? "positive" : "negative");
  const reach = (se) => (se === null ? 0 : REACH * se);
  const short = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

  function frame(height, label, ...children) {
    return svg("svg", { viewBox: `0 0 ${WIDTH} ${height}`, role: "group", "aria-label": label }, ...children);
  }

  function extent(values) { // [[phi, se]]: from the lowest whisker to the highest, 0 between
    const low = Math.min(0, ...values.map(([phi, se]) => phi - reach(se)));
    const high = Math.max(0, ...values.map(([phi, se]) => phi + reach(se)));
    return low === high ? [0, 1] : [low, high];
  }

  function text(tokens) { // [[token, phi, se]]
    const order = [...tokens].sort((one, other) => Math.abs(other[1]) - Math.abs(one[1]));
    const shown = order.slice(0, MOST);
    const [low, high] = extent(shown.map(([, phi, se]) => [phi, se]));
    const x = scale(low, high, 118, WIDTH - 92);
    const bars = shown.map(([token, phi, se], i) => {
      const y = 8 + 20 * i;
      const name = token.trim() || JSON.stringify(token);
      return svg("g", { tip: `${name} ${said(phi, se)}` },
        svg("text", { x: 110, y: y + 12, "text-anchor": "end" }, short(name, 17)),
        svg("rect", { x: Math.min(x(0), x(phi)), y, width: Math.max(0.5, Math.abs(x(phi) - x(0))), height: 15, class: sign(phi) }),
        whisker(x(phi - reach(se)), x(phi + reach(se)), y + 7.5, se),
        svg("text", { x: Math.max(x(0), x(phi + reach(se))) + 6, y: y + 12, class: "faint" }, signed(phi)));
    });
    const bottom = 12 + 20 * shown.length;
    const rest = order.length - shown.length;
    const note = rest ? svg("text", { x: 110, y: bottom + 30, class: "faint", "text-anchor": "end" }, `${rest} weaker ones`) : null;
    return frame(bottom + 38, "words", ...bars, line(x(0), 4, x(0), bottom), axis(x, low, high, bottom), note);
  }

  const line = (x1, y1, x2, y2) => svg("line", { x1, y1, x2, y2, class: "axis" });

  function whisker(from, to, y, se) {
    return se === null ? null : svg("line", { x1: from, x2: to, y1: y, y2: y, class: "whisker" });
  }

  function axis(x, low, high, y) {
    return svg("g", {}, ticks(low, high, 4).map((tick) =>
      svg("text", { x: x(tick), y: y + 13, class: "faint", "text-anchor": "middle" }, `${tick}`)));
  }

  function levels(y, low, high) {
    return svg("g", {}, ticks(low, high, 3).map((tick) =>
      svg("text", { x: 46, y: y(tick) + 4, class: "faint", "text-anchor": "end" }, `${tick}`)));
  }

  function sound({ players, wave }) { // players: [[word, start, end, phi, se]]
    const starts = players.map((player) => player[1]);
    const ends = players.map((player) => player[2]);
    const span = wave ? wave.span : [Math.min(...starts), Math.max(...ends)];
    const x = scale(Math.min(span[0], ...starts), Math.max(span[1], ...ends), 52, WIDTH - 6);
    const [low, high] = extent(players.map((player) => [player[3], player[4]]));
    const y = scale(low, high, 210, 96);
    const parts = players.map(([word, start, end, phi, se]) => stretch(x, y, start, end, phi, se, `${word ? `${word}, ` : ""}${when(start, end)}`));
    const times = ticks(span[0], span[1], 5).map((tick) =>
      svg("text", { x: x(tick), y: 232, class: "faint", "text-anchor": "middle" }, `${tick}`));
    return frame(250, "sound", wave ? waveform(wave, x) : missing("the sound can't be read", 52, 45), ...parts,
      line(52, y(0), WIDTH - 6, y(0)), levels(y, low, high), ...times,
      svg("text", { x: WIDTH - 6, y: 247, class: "faint", "text-anchor": "end" }, "ms in the media file"));
  }

  const when = (start, end) => `${Math.round(start)} to ${Math.round(end)} ms`;

  function stretch(x, y, start, end, phi, se, what) {
    const middle = x((start + end) / 2);
    return svg("g", { tip: `${what}: ${said(phi, se)}` },
      svg("rect", { x: x(start) + 0.5, width: Math.max(1, x(end) - x(start) - 1), y: Math.min(y(0), y(phi)), height: Math.max(0.5, Math.abs(y(phi) - y(0))), class: sign(phi) }),
      se === null ? null : svg("line", { x1: middle, x2: middle, y1: y(phi - reach(se)), y2: y(phi + reach(se)), class: "whisker" }));
  }

  function waveform({ span, low, high }, x) {
    const y = scale(-100, 100, 80, 6);
    const place = scale(0, high.length - 1, x(span[0]), x(span[1]));
    const up = high.map((value, i) => `${place(i).toFixed(1)},${y(value).toFixed(1)}`);
    const down = low.map((value, i) => `${place(i).toFixed(1)},${y(value).toFixed(1)}`).reverse();
    return svg("polygon", { points: [...up, ...down].join(" "), class: "wave" });
  }

  const missing = (words, x, y) => svg("text", { x, y, class: "faint" }, words);

  function picture({ frame: image, phi, se, regions, hidden, moments }) {
    const tall = 256;
    const most = Math.max(...phi.flat().filter((value) => value !== null).map(Math.abs), 1e-12);
    const ground = (x) => image ? svg("image", { href: image, x, y: 0, width: 220, height: 220 })
      : svg("rect", { x, y: 0, width: 220, height: 220, class: "shown" });
    const cells = phi.flatMap((row, i) => row.map((value, j) => value === null ? null
      : cell(value, se ? se[i][j] : null, [236 + (220 / row.length) * j, (220 / phi.length) * i, 220 / row.length, 220 / phi.length], most, regions ? regions[i][j] : phi.length > 1 ? `row ${i}, column ${j}` : null, regions)));
    const note = hidden.length ? [missing(short(`not shown: ${hidden.join(", ")}`, 70), 0, 236)] : [];
    const parts = [ground(0), ground(236), ...cells, ...note];
    if (!image) parts.push(missing("the picture can't be read", 8, 20));
    return moments ? frame(360, "picture", ...parts, ...strip(moments)) : frame(tall - (hidden.length ? 12 : 32), "picture", ...parts);
  }

  function cell(phi, se, [x, y, width, height], most, what, named) {
    const lines = [named ? short(what, 9) : null, signed(phi), se === null ? null : error(se)].filter(Boolean);
    return svg("g", { tip: (what ? `${what}: ` : "") + said(phi, se) },
      svg("rect", { x, y, width, height, class: `cell ${sign(phi)}`, "fill-opacity": 0.06 + 0.6 * (Math.abs(phi) / most) }),
      lines.map((words, i) => svg("text", { x: x + width / 2, y: y + height / 2 + 4 + 12 * (i - (lines.length - 1) / 2), class: "on-cell", "text-anchor": "middle" }, words)));
  }

  function strip({ spans, phi, se, strongest }) {
    const [low, high] = extent(phi.map((value, i) => [value, se ? se[i] : null]));
    const x = scale(spans[0][0], spans[spans.length - 1][1], 52, WIDTH - 6);
    const y = scale(low, high, 335, 250);
    const [from, to] = spans[strongest];
    return [
      svg("rect", { x: x(from), width: x(to) - x(from), y: 246, height: 94, class: "shown" }),
      ...phi.map((value, i) => stretch(x, y, ...spans[i], value, se ? se[i] : null, when(...spans[i]))),
      line(52, y(0), WIDTH - 6, y(0)), levels(y, low, high),
      missing("groups of frames in time; the frame is of the marked one", 52, 356),
    ];
  }

  function together({ timed, words, text: phi, text_se: se, sound: heard, sound_se: heardSe }) {
    const pairs = [...phi.map((value, i) => [value, se ? se[i] : null]),
      ...heard.map((value, i) => [value === null ? 0 : value, heardSe ? heardSe[i] : null])];
    const [low, high] = extent(pairs);
    const y = scale(low, high, 170, 22);
    const x = scale(0, words.length, 52, WIDTH - 6);
    const bars = words.map((word, i) => stretch(x, y, i + 0.12, i + 0.88, phi[i], se ? se[i] : null, `${word}, as text`));
    const names = words.map((word, i) => svg("text", { transform: `translate(${x(i + 0.6)} 184) rotate(-50)`, "text-anchor": "end" }, short(word, 14)));
    const known = heard.map((value, i) => (value === null ? null : [x(i + 0.5), value, heardSe ? heardSe[i] : null])).filter(Boolean);
    return frame(250, "text against sound", ...bars, ...band(known, y),
      svg("polyline", { points: known.map(([place, value]) => `${place},${y(value)}`).join(" "), class: "line" }),
      ...known.map(([place, value, sure], i) => svg("circle", { cx: place, cy: y(value), r: 3.2, class: "dot", tip: `sound meanwhile ${said(value, sure)}` })),
      line(52, y(0), WIDTH - 6, y(0)), levels(y, low, high), ...names,
      svg("text", { x: 52, y: 12, class: "faint" }, timed ? "bars: words as text; line: the sound while they are said" : "bars: words; line: sound. Times of words unknown: spread evenly"));
  }

  function band(known, y) {
    if (!known.length || known[0][2] === null) return [];
    const up = known.map(([place, value, se]) => `${place},${y(value + reach(se))}`);
    const down = known.map(([place, value, se]) => `${place},${y(value - reach(se))}`).reverse();
    return [svg("polygon", { points: [...up, ...down].join(" "), class: "band" })];
  }

  return { text, sound, picture, together, signed };
})();
