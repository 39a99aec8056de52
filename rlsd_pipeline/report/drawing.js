// Builds the pieces of the token view. Texts only ever enter as text nodes, never as markup.

const SEGMENTS = { r: "reasoning", a: "answer", f: "format" };
const GLYPHS = { " ": "·", "\n": "↵", "\t": "⇥", "\r": "␍", "\u00a0": "⍽" };
const INVISIBLE = /[\p{Z}\p{C}]/u;
// Smaller than this is rounding, not credit.
const NOTHING = 1e-9;

function make(tag, name = "", ...content) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  element.append(...content);
  return element;
}

function pairs(entries) {
  const list = make("dl", "pairs");
  for (const [term, value, now] of entries) {
    list.append(make("dt", now ? "now" : "", term), make("dd", now ? "now" : "", value));
  }
  return list;
}

// Three significant digits and a true minus; what is absent stays absent.
function digits(value) {
  if (value === null || value === undefined) return "–";
  const number = Number(value);
  if (Number.isNaN(number)) return "–";
  if (!Number.isFinite(number)) return number > 0 ? "∞" : "−∞";
  const text = Math.abs(number) < 1e-4 && number !== 0
    ? number.toExponential(2)
    : String(Number(number.toPrecision(3)));
  return text.replaceAll("-", "−");
}

function signed(value) {
  return Number(value) > 0 ? `+${digits(value)}` : digits(value);
}

// How far each value is from the mean of those that are finite.
function deviations(values) {
  const numbers = values.map(Number);
  const finite = numbers.filter(Number.isFinite);
  const mean = finite.reduce((sum, value) => sum + value, 0) / (finite.length || 1);
  return numbers.map((value) => (Math.abs(value - mean) < NOTHING ? 0 : value - mean));
}

// The sign as a mark that needs no colour.
function marked(value) {
  const number = Number(value);
  if (value === null || value === undefined || Number.isNaN(number)) return "–";
  if (Math.abs(number) < NOTHING) return "0";
  return `${number > 0 ? "▲" : "▼"} ${signed(value)}`;
}

// A token with its blanks, breaks and control characters made visible.
function visible(text) {
  const parts = document.createDocumentFragment();
  if (text === "") parts.append(make("span", "code", "empty"));
  for (const character of text) {
    if (character in GLYPHS) {
      if (parts.hasChildNodes()) parts.append(make("wbr"));
      parts.append(make("span", "blank", GLYPHS[character]));
      if (character === "\n") parts.append("\n");
    } else if (INVISIBLE.test(character)) {
      const code = character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
      parts.append(make("span", "code", `U+${code}`));
    } else {
      parts.append(character);
    }
  }
  return parts;
}

// Strength in [0, 1] and side of a value on a scale.
function strength(value, full) {
  const number = Number(value);
  if (value === null || value === undefined || !(Math.abs(number) > NOTHING)) return [0, ""];
  return [full > 0 ? Math.min(1, Math.abs(number) / full) : 1, number > 0 ? "up" : "down"];
}

function paint(element, value, full) {
  const [size, side] = strength(value, full);
  if (side) element.classList.add(side);
  element.style.setProperty("--m", size.toFixed(3));
  return element;
}

function bar(value, full) {
  return make("span", "bar", paint(make("i"), value, full));
}

// One token of a stream.
function tokenSpan(rollout, place, value, full) {
  const segment = rollout.segments[place];
  const span = paint(make("span", `token ${segment}`, visible(rollout.tokens[place])), value, full);
  span.dataset.token = place;
  span.tabIndex = -1;
  span.setAttribute("role", "option");
  const spoken = rollout.tokens[place].trim() || "blank";
  span.setAttribute("aria-label", `${spoken}, ${SEGMENTS[segment]}, ${marked(value)}`);
  return span;
}

// A response coloured by what one method gives its tokens.
function stream(rollout, values, full, label) {
  const box = make("div", "stream");
  box.setAttribute("role", "listbox");
  box.setAttribute("aria-label", label);
  box.setAttribute("aria-orientation", "horizontal");
  const leaks = rollout.leaks ?? [];
  rollout.tokens.forEach((_, place) => {
    if (leaks.some(([start]) => start === place)) box.append(make("span", "leak", "⟦leak "));
    // A line may break before a word, outside of its span: else a sliver of it stays behind.
    if (rollout.tokens[place][0] in GLYPHS) box.append(make("wbr"));
    box.append(tokenSpan(rollout, place, values?.[place], full));
    if (leaks.some(([, end]) => end === place + 1)) box.append(make("span", "leak", "⟧"));
  });
  return box;
}

// Question, images and reward of a rollout.
function rolloutHead(rollout, images) {
  const box = make("div", "rollout");
  rollout.images.forEach((index, place) => {
    const image = make("img");
    image.alt = `image ${place + 1} of the question`;
    image.addEventListener("load", () => image.classList.toggle("tiny", image.naturalHeight < 130));
    image.src = images[index];
    box.append(image);
  });
  const facts = make("dl", "facts");
  const leaks = rollout.leaks === null ? "not looked for" : String(rollout.leaks.length);
  const entries = [
    ["gold answer", rollout.gold], ["verdict", rollout.verdict],
    ["reward R", digits(rollout.reward)], ["advantage A", signed(rollout.advantage)],
    ["tokens", String(rollout.tokens.length)], ["leaks", leaks],
    ["rollout", rollout.id], ["from", rollout.source],
  ];
  for (const [term, value] of entries) {
    if (value) facts.append(make("div", "", make("dt", "", term), make("dd", "", value)));
  }
  box.append(make("div", "", make("p", "question", rollout.question), facts));
  return box;
}

// Five samples of the scale, with numbers if one scale holds for every stream shown.
function legend(full, meaning, bars) {
  const scale = make("div", "scale");
  for (const [share, beyond, word] of [
    [-1, "≤ ", "− full"], [-0.5, "", "− half"], [0, "", "0"], [0.5, "", "+ half"], [1, "≥ ", "+ full"],
  ]) {
    const text = full === null ? word : beyond + signed((share * full).toPrecision(2));
    scale.append(paint(make("span", "token", text), share, 1));
  }
  const kinds = make("span", "", make("b", "", "answer"), " · reasoning · ", make("i", "", "format"));
  return [scale, make("span", "", meaning), make("span", "", bars), kinds];
}

// Where each token ends, as a share of the width, if the response stands in one line: else null.
function tokenEnds(row, width) {
  const spans = [...row.querySelectorAll(".token")].map((span) => span.getBoundingClientRect());
  if (!spans.length || !width || spans.some((span) => span.top >= spans[0].bottom)) return null;
  const left = row.parentElement.getBoundingClientRect().left;
  return [spans[0].left, ...spans.map((span) => span.right)].map((end) => (end - left) / width);
}

// What the response was worth after each token: a line with its standard error, a dot a state.
// A dot stands under the end of its token where `ends` are given, else at even distances.
function valueCurve(rollout, token, ends) {
  const states = rollout.values;
  if (!states.length) return [];
  const values = states.map(([, value]) => Number(value));
  const low = Math.min(0, ...values);
  const high = Math.max(1, ...values);
  const count = rollout.tokens.length || 1;
  const across = (place) => 100 * (ends ? ends[place] : place / count);
  const down = (value) => (100 * (high - value)) / (high - low);
  const points = (corners) => corners.map(([place, value]) => `${across(place)},${down(value)}`).join(" ");
  const space = "http://www.w3.org/2000/svg";
  const drawing = document.createElementNS(space, "svg");
  for (const [name, value] of [["viewBox", "0 0 100 100"], ["preserveAspectRatio", "none"], ["aria-hidden", "true"]]) {
    drawing.setAttribute(name, value);
  }
  const above = states.map(([place, value, error]) => [place, Math.min(high, value + error)]);
  const below = states.map(([place, value, error]) => [place, Math.max(low, value - error)]);
  for (const [tag, corners] of [["polygon", [...above, ...below.reverse()]], ["polyline", states]]) {
    const shape = document.createElementNS(space, tag);
    shape.setAttribute("points", points(corners));
    drawing.append(shape);
  }
  const plot = make("div", "value-plot", drawing);
  const most = biggest(states);
  states.forEach(([place, value, error], index) => {
    const dot = make("i", token !== null && place === token + 1 ? "now" : "");
    dot.style.left = `${across(place)}%`;
    dot.style.top = `${down(value)}%`;
    const after = place ? `after “${rollout.tokens[place - 1]}”` : "at the prompt";
    dot.title = `V ${digits(value)} ± ${digits(error)} ${after}`;
    plot.append(dot);
    if (index && most === index) dot.classList.add("biggest");
  });
  const steps = states.slice(1).map(([, value], index) => value - states[index][1]);
  const words = make("p", "muted");
  if (most) {
    const [from, to] = [states[most - 1][0], states[most][0]];
    words.append(
      "Largest change: ", marked(steps[most - 1]), " at ",
      make("code", "", visible(rollout.tokens.slice(from, to).join(""))),
    );
  }
  // Beside the plot an axis would push it from under the tokens.
  const axis = make("small", "", ` ${digits(low)} at the foot, ${digits(high)} at the top`);
  const title = make("p", "row-head", make("b", "", "V, the reward expected from here on"), axis);
  const box = make("div", "values", title, plot, words);
  box.setAttribute("role", "img");
  box.setAttribute("aria-label", `expected reward along the response: ${values.map(digits).join(", ")}`);
  return [box];
}

// Index of the state at the end of the largest change.
function biggest(states) {
  let best = 0;
  states.forEach(([, value], index) => {
    if (!index) return;
    const size = (place) => Math.abs(states[place][1] - states[place - 1][1]);
    if (!best || size(index) > size(best)) best = index;
  });
  return best;
}
