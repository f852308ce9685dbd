// The timeline on its canvas: every step where there is room, how much of each pixel's time was used where there is not.

const CROWDED = 0.25; // spans for each pixel of a row's width from which on they are no longer drawn one by one
const BIN = 4; // pixels of a bar that sums up samples

class Painter {
  constructor(canvas, run) {
    this.canvas = canvas;
    this.run = run;
    this.look();
  }

  look() {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    this.colours = Object.fromEntries(['paper', 'panel', 'ink', 'muted', 'rule', 'accent', 'fill', 'other', 'fault', 'faint'].map((name) => [name, colour(name)]));
    this.exits = [0, 1, 2, 3, 4, 5, 6, 7].map((number) => colour(`e${number}`));
  }

  // Draws times from to, with a sample (or none, -1) chosen; keeps where each span is, for the pointer.
  draw(from, to, chosen) {
    const { canvas, run } = this;
    const ratio = window.devicePixelRatio || 1;
    this.width = canvas.clientWidth || 600;
    this.gutter = this.width < 560 ? 74 : 136;
    this.from = from;
    this.to = to;
    this.chosen = chosen;
    this.hits = [];
    canvas.style.height = `${run.height}px`;
    if (canvas.width !== Math.round(this.width * ratio)) canvas.width = Math.round(this.width * ratio);
    if (canvas.height !== Math.round(run.height * ratio)) canvas.height = Math.round(run.height * ratio);
    const pen = (this.pen = canvas.getContext('2d'));
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.fillStyle = this.colours.paper;
    pen.fillRect(0, 0, this.width, run.height);
    pen.textBaseline = 'middle';
    this.axis();
    run.systems.forEach((system, number) => this.panel(system, run.panels[number], number));
  }

  x(time) {
    return this.gutter + ((time - this.from) / (this.to - this.from)) * (this.width - this.gutter);
  }

  time(x) {
    return this.from + ((x - this.gutter) / (this.width - this.gutter)) * (this.to - this.from);
  }

  font(size, weight) {
    this.pen.font = `${weight || 'normal'} ${size}px system-ui, "DejaVu Sans", sans-serif`;
  }

  // Words in at most so many pixels; the rest is told by the pointer.
  fit(words, room) {
    if (this.pen.measureText(words).width <= room) return words;
    let low = 0, high = words.length;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.pen.measureText(`${words.slice(0, middle)}…`).width <= room) low = middle;
      else high = middle - 1;
    }
    return `${words.slice(0, low)}…`;
  }

  axis() {
    const { pen, run } = this;
    const raw = (this.to - this.from) / Math.max((this.width - this.gutter) / 110, 1);
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= raw);
    const places = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    const [unit, factor, off] = step >= 0.1 ? ['s', 1, 0] : step >= 1e-4 ? ['ms', 1e3, 3] : ['µs', 1e6, 6];
    this.font(12);
    for (let at = Math.ceil(this.from / step) * step; at <= this.to; at += step) {
      const x = this.x(at);
      if (x < this.gutter - 1) continue;
      pen.fillStyle = this.colours.rule;
      pen.fillRect(Math.round(x), 18, 1, run.height - 18);
      pen.fillStyle = this.colours.muted;
      const words = `${(at * factor).toFixed(Math.max(0, places - off))} ${unit}`;
      pen.textAlign = x > this.width - 40 ? 'right' : x < this.gutter + 30 ? 'left' : 'center';
      pen.fillText(words, x, 9);
    }
  }

  panel(system, panel, number) {
    const { pen } = this;
    this.font(13, '600');
    pen.textAlign = 'left';
    pen.fillStyle = this.colours.ink;
    pen.fillText(this.fit(system.name, this.width - 8), 4, panel.top + 10);
    for (const row of panel.rows) {
      pen.fillStyle = this.colours.panel;
      pen.fillRect(this.gutter, row.top, this.width - this.gutter, row.height);
      this.shade(row);
      pen.save();
      pen.beginPath();
      pen.rect(this.gutter, row.top - 1, this.width - this.gutter, row.height + 2);
      pen.clip();
      if (row.kind === 'samples') this.samples(system, row, number);
      else row.parts.forEach((part, at) => this.part(system, part, row.top + 1 + (at * (row.height - 2)) / row.parts.length, (row.height - 2) / row.parts.length - 0.5, number));
      pen.restore();
      this.font(12);
      pen.textAlign = 'left';
      pen.fillStyle = this.colours.muted;
      pen.fillText(this.fit(row.label, this.gutter - 8), 4, row.top + row.height / 2);
    }
    if (this.chosen >= 0 && this.chosen < system.samples.rows) {
      const start = this.x(system.samples.from[this.chosen]);
      const end = this.x(Number.isNaN(system.samples.to[this.chosen]) ? this.to : system.samples.to[this.chosen]);
      pen.strokeStyle = this.colours.accent;
      pen.lineWidth = 1.5;
      const left = Math.max(start, this.gutter), right = Math.min(end, this.width);
      if (right >= left) pen.strokeRect(left, panel.top + 20, Math.max(right - left, 1), panel.bottom - panel.top - 20);
    }
  }

  // Faults on a row: those of the whole run in the samples' row, its own in a lane.
  shade(row) {
    const { pen, run } = this;
    for (const fault of run.faults) {
      if (row.places && !fault.places.some((place) => row.places.includes(place))) continue;
      const left = Math.max(this.x(fault.start), this.gutter);
      const right = Math.min(this.x(fault.end === null ? run.end : fault.end), this.width);
      if (right <= left) continue;
      pen.fillStyle = this.colours.faint;
      pen.fillRect(left, row.top, right - left, row.height);
      if (row.places) {
        pen.fillStyle = this.colours.fault;
        pen.fillRect(left, row.top, right - left, 1.5);
      }
    }
  }

  samples(system, row, number) {
    const { from } = system.samples;
    const longest = this.longest(system);
    const first = search(from, this.from - longest, false), last = search(from, this.to, true);
    const shown = [];
    for (let n = first; n < last; n++) if (!(system.samples.to[n] < this.from)) shown.push(n);
    if (shown.length <= (this.width - this.gutter) / 14) this.lives(system, row, number, shown);
    else this.shares(system, row, search(from, this.from, false), last);
  }

  longest(system) {
    if (system.longest === undefined) {
      system.longest = 0;
      for (let n = 0; n < system.samples.rows; n++) {
        const lasted = system.samples.to[n] - system.samples.from[n];
        system.longest = Math.max(system.longest, Number.isNaN(lasted) ? this.run.end : lasted);
      }
    }
    return system.longest;
  }

  // One line for each sample, from its capture to its end, where its exit's sign stands.
  lives(system, row, number, shown) {
    const { pen } = this;
    const free = [];
    const slots = shown.map((n) => {
      const start = this.x(system.samples.from[n]);
      let slot = free.findIndex((until) => until <= start - 3);
      if (slot < 0) slot = free.push(0) - 1;
      free[slot] = Math.max(this.x(Number.isNaN(system.samples.to[n]) ? this.to : system.samples.to[n]), start + 30);
      return slot;
    });
    const tall = Math.min(row.height / Math.max(free.length, 1), 14);
    this.font(11);
    shown.forEach((n, at) => {
      const y = row.top + (slots[at] + 0.5) * tall;
      const exit = exitOf(system, n);
      const start = this.x(system.samples.from[n]);
      const end = this.x(Number.isNaN(system.samples.to[n]) ? this.to : system.samples.to[n]);
      pen.globalAlpha = this.chosen < 0 || this.chosen === n ? 1 : 0.45;
      pen.strokeStyle = pen.fillStyle = exit ? this.exits[exit.colour] : this.colours.fault;
      pen.lineWidth = 2;
      pen.beginPath();
      pen.moveTo(start, y);
      pen.lineTo(end, y);
      pen.moveTo(start, y - 3);
      pen.lineTo(start, y + 3);
      pen.stroke();
      if (exit) this.sign(exit.colour, end, y, Math.min(4.5, tall / 2), wordOf(system, 'outcome', n) === 'forced');
      if (!exit || system.samples.right[n] === 1) this.cross(end, y, 4);
      if (tall > 8) {
        pen.textAlign = 'left';
        pen.fillStyle = this.colours.ink;
        pen.fillText(String(n), end + 8, y + 0.5);
      }
      pen.globalAlpha = 1;
      this.hits.push([Math.min(start, end) - 3, y - tall / 2, end + 8, y + tall / 2, number, -1, n]);
    });
  }

  sign(kind, x, y, size, hollow) {
    const { pen } = this;
    pen.beginPath();
    if (kind === 0) [[0, -1.2], [1.2, 0], [0, 1.2], [-1.2, 0]].forEach(([dx, dy], at) => pen[at ? 'lineTo' : 'moveTo'](x + dx * size, y + dy * size));
    else if (kind === 1) pen.rect(x - size * 0.9, y - size * 0.9, size * 1.8, size * 1.8);
    else if (kind === 3) [[-1, -0.8], [1, -0.8], [0, 1]].forEach(([dx, dy], at) => pen[at ? 'lineTo' : 'moveTo'](x + dx * size, y + dy * size));
    else if (kind === 4) [[-1, 0.8], [1, 0.8], [0, -1]].forEach(([dx, dy], at) => pen[at ? 'lineTo' : 'moveTo'](x + dx * size, y + dy * size));
    else pen.arc(x, y, size, 0, 7);
    pen.closePath();
    if (hollow) {
      const colour = pen.fillStyle;
      pen.fillStyle = this.colours.paper;
      pen.fill();
      pen.stroke();
      pen.fillStyle = colour;
    } else pen.fill();
  }

  cross(x, y, size) {
    const { pen } = this;
    pen.strokeStyle = this.colours.fault;
    pen.lineWidth = 1.8;
    pen.beginPath();
    pen.moveTo(x - size, y - size);
    pen.lineTo(x + size, y + size);
    pen.moveTo(x - size, y + size);
    pen.lineTo(x + size, y - size);
    pen.stroke();
  }

  // Exits of the samples captured in each bar's time, one above the other; wrong and missing answers in red below.
  shares(system, row, first, last) {
    const { pen } = this;
    const bins = Math.ceil((this.width - this.gutter) / BIN);
    const kinds = system.exits.length + 1;
    const counts = new Float64Array(bins * kinds), bad = new Float64Array(bins), all = new Float64Array(bins);
    for (let n = first; n < last; n++) {
      const bin = Math.min(Math.max(Math.floor((this.x(system.samples.from[n]) - this.gutter) / BIN), 0), bins - 1);
      counts[bin * kinds + system.samples.exit[n]] += 1;
      all[bin] += 1;
      if (system.samples.right[n] !== 2) bad[bin] += 1;
    }
    const high = row.height - 12;
    for (let bin = 0; bin < bins; bin++) {
      if (!all[bin]) continue;
      const x = this.gutter + bin * BIN;
      let y = row.top + high;
      for (let kind = 0; kind < kinds; kind++) {
        const tall = (counts[bin * kinds + kind] / all[bin]) * high;
        pen.fillStyle = kind ? this.exits[system.colours[kind - 1] % 8] : this.colours.fault;
        pen.fillRect(x, y - tall, BIN - 0.6, tall);
        y -= tall;
      }
      pen.fillStyle = this.colours.fault;
      const red = (bad[bin] / all[bin]) * 10;
      pen.fillRect(x, row.top + row.height - red, BIN - 0.6, red);
    }
  }

  part(system, part, top, height, number) {
    const [first, last] = within(system, part, this.from, this.to);
    if (last - first > CROWDED * (this.width - this.gutter)) this.covered(system, part, top, height, first, last);
    else this.steps(system, part, top, height, first, last, number);
  }

  steps(system, part, top, height, first, last, number) {
    const { pen, run } = this;
    const tall = height / part.slots;
    for (let at = first; at < last; at++) {
      const span = part.order[at];
      if (system.ended[span] < this.from) continue;
      const sample = system.whose[span];
      const exit = exitOf(system, sample);
      const way = run.places[system.spans.place[span]].includes('→');
      const y = top + part.slot[at] * tall;
      const [queued, start, end] = [system.queued[span], system.started[span], system.ended[span]].map((time) => this.x(time));
      pen.globalAlpha = this.chosen < 0 || this.chosen === sample ? 1 : 0.35;
      if (start - queued > 0.5) {
        pen.fillStyle = this.colours.other;
        pen.fillRect(queued, y + tall * 0.62, start - queued, Math.max(tall * 0.3, 1));
      }
      const colour = sample < 0 ? this.colours.muted : exit ? this.exits[exit.colour] : this.colours.fault;
      const wide = Math.max(end - start, 0.7);
      pen.fillStyle = colour;
      if (way) {
        const strength = pen.globalAlpha;
        pen.globalAlpha = strength * 0.5;
        pen.fillRect(start, y, wide, tall * 0.92);
        pen.globalAlpha = strength;
        if (wide > 3) this.hatch(start, y, wide, tall * 0.92, colour);
      } else pen.fillRect(start, y, wide, tall * 0.92);
      if (isBad(system, span)) {
        pen.strokeStyle = this.colours.fault;
        pen.lineWidth = 1.5;
        pen.strokeRect(start, y, wide, tall * 0.92);
        this.cross(end, y + tall / 2, Math.min(4, tall / 2));
      }
      if (wide > 26 && tall > 10 && sample >= 0) {
        this.font(11);
        pen.fillStyle = way ? this.colours.ink : this.colours.paper;
        pen.textAlign = 'center';
        pen.fillText(String(sample), (Math.max(start, this.gutter) + Math.min(end, this.width)) / 2, y + tall / 2);
      }
      pen.globalAlpha = 1;
      this.hits.push([Math.min(queued, start) - 1, y, start + wide + 1, y + tall, number, span, sample]);
    }
  }

  hatch(left, top, wide, tall, colour) {
    const { pen } = this;
    const from = Math.max(left, this.gutter), to = Math.min(left + wide, this.width);
    pen.save();
    pen.beginPath();
    pen.rect(from, top, to - from, tall);
    pen.clip();
    pen.strokeStyle = colour;
    pen.lineWidth = 1;
    pen.beginPath();
    for (let x = from - tall; x < to; x += 5) {
      pen.moveTo(x, top + tall);
      pen.lineTo(x + tall, top);
    }
    pen.stroke();
    pen.restore();
  }

  // How many were served, and behind it how many waited, on average in each pixel; the row's most is its height and stands at its end.
  covered(system, part, top, height, first, last) {
    const pixels = Math.ceil(this.width - this.gutter);
    const served = new Float64Array(pixels + 2), waited = new Float64Array(pixels + 2);
    for (let at = first; at < last; at++) {
      const span = part.order[at];
      const start = this.x(system.started[span]) - this.gutter;
      this.add(served, start, this.x(system.ended[span]) - this.gutter, pixels);
      this.add(waited, this.x(system.queued[span]) - this.gutter, start, pixels);
    }
    const most = Math.max(served.reduce((one, other) => Math.max(one, other), 0), waited.reduce((one, other) => Math.max(one, other), 0), 1e-9);
    const fill = (values, colour, strength) => {
      this.pen.fillStyle = colour;
      this.pen.globalAlpha = strength;
      for (let at = 0; at < pixels; at++) {
        const tall = (values[at] / most) * height;
        if (tall > 0.05) this.pen.fillRect(this.gutter + at, top + height - tall, 1, tall);
      }
      this.pen.globalAlpha = 1;
    };
    fill(waited, this.colours.other, 0.8);
    fill(served, this.colours.fill, 1);
    if (height < 9) return;
    this.font(10);
    const words = most < 1e-4 ? '< 0.01 %' : most < 0.995 ? `${digits(most * 100)} %` : digits(most);  // steps are in whole µs
    const wide = this.pen.measureText(words).width;
    this.pen.fillStyle = this.colours.panel;
    this.pen.globalAlpha = 0.85;
    this.pen.fillRect(this.width - wide - 5, top, wide + 5, 11);
    this.pen.globalAlpha = 1;
    this.pen.fillStyle = this.colours.ink;
    this.pen.textAlign = 'right';
    this.pen.fillText(words, this.width - 2, top + 5.5);
  }

  // Adds what an interval covers of each pixel.
  add(values, start, end, pixels) {
    const left = Math.max(start, 0), right = Math.min(end, pixels);
    if (right <= left) return;
    const first = Math.floor(left), last = Math.min(Math.floor(right), pixels - 1);
    if (first === last) values[first] += right - left;
    else {
      values[first] += first + 1 - left;
      for (let at = first + 1; at < last; at++) values[at] += 1;
      values[last] += right - last;
    }
  }

  // What is at a point: [system, span or -1, sample or -1], or nothing.
  hit(x, y) {
    for (let at = this.hits.length - 1; at >= 0; at--) {
      const [left, top, right, bottom, system, span, sample] = this.hits[at];
      if (x >= left && x <= right && y >= top && y <= bottom) return [system, span, sample];
    }
    return null;
  }

  // The system and row at a height, or nothing.
  row(y) {
    for (let number = 0; number < this.run.panels.length; number++) {
      const row = this.run.panels[number].rows.find((one) => y >= one.top && y <= one.top + one.height);
      if (row) return [number, row];
    }
    return null;
  }
}
