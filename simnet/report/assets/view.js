// A run as the timeline sees it: times in seconds, spans of each lane in order.

const NONE = '–';

function digits(value) {
  return String(Number(value.toPrecision(3)));
}

function timeText(seconds) {
  const size = Math.abs(seconds);
  if (size === 0) return '0 s';
  for (const [unit, one] of [['s', 1], ['ms', 1e-3], ['µs', 1e-6]]) if (size >= one * 0.9995) return `${digits(seconds / one)} ${unit}`;
  return `${digits(seconds / 1e-9)} ns`;
}

function sizeText(bytes) {
  for (const [unit, one] of [['GB', 1e9], ['MB', 1e6], ['kB', 1e3]]) if (bytes >= one) return `${digits(bytes / one)} ${unit}`;
  return `${bytes} B`;
}

// Samples: when captured and when over (NaN: never), and what became of them.
async function readSystem(given) {
  const samples = await unpack(given.samples);
  const spans = await unpack(given.spans);
  const tick = given.tick;
  samples.from = new Float64Array(samples.rows);
  samples.to = new Float64Array(samples.rows);
  let now = 0;
  for (let n = 0; n < samples.rows; n++) {
    now += samples.captured[n];
    samples.from[n] = now * tick;
    samples.to[n] = samples.over[n] ? (now + samples.lasted[n]) * tick : NaN;
  }
  const rows = spans.rows;
  const whose = new Int32Array(rows), queued = new Float64Array(rows), started = new Float64Array(rows), ended = new Float64Array(rows);
  let sample = -1, before = 0;
  for (let n = 0; n < rows; n++) {
    sample += spans.sample[n];
    whose[n] = sample;
    queued[n] = (sample < 0 ? before : samples.from[sample]) + spans.delay[n] * tick;
    started[n] = queued[n] + spans.wait[n] * tick;
    ended[n] = started[n] + spans.work[n] * tick;
    before = queued[n];
  }
  const scores = given.scores && { heads: given.scores.heads, ...(await unpack(given.scores.columns)) };
  return { ...given, samples, spans, whose, queued, started, ended, scores };
}

// The spans of some places by the time at which they were ready, with the latest end so far, and a slot for each so that none overlap.
function partOf(system, places) {
  const wanted = new Set(places);
  const order = [];
  for (let n = 0; n < system.spans.rows; n++) if (wanted.has(system.spans.place[n])) order.push(n);
  order.sort((one, other) => system.queued[one] - system.queued[other]);
  const latest = new Float64Array(order.length), slot = new Uint8Array(order.length), free = [];
  let last = -Infinity, most = 1;
  order.forEach((n, at) => {
    latest[at] = last = Math.max(last, system.ended[n]);
    let place = free.findIndex((since) => since <= system.started[n] + 1e-12);
    if (place < 0) place = free.length < 8 ? free.push(0) - 1 : 7;
    free[place] = system.ended[n];
    slot[at] = place;
    most = Math.max(most, place + 1);
  });
  return { places, order: Int32Array.from(order), latest, slot, slots: most };
}

// Rows of one system on the canvas, with their places from its top.
function layOut(run, system, top) {
  const rows = [{ kind: 'samples', top: top + 22, height: 58, label: 'samples' }];
  let y = top + 22 + 58 + 4;
  for (const lane of run.lanes) {
    const parts = lane.parts.map((places) => partOf(system, places));
    const height = parts.length > 1 ? 26 : 20;
    rows.push({ kind: 'lane', top: y, height, label: lane.label, parts, places: lane.parts.flat() });
    y += height + 2;
  }
  return { top, rows, bottom: y };
}

async function readRun(given) {
  const run = { ...given, systems: [], panels: [] };
  let top = 24;
  for (const one of given.systems) {
    const system = await readSystem(one);
    const panel = layOut(run, system, top);
    run.systems.push(system);
    run.panels.push(panel);
    top = panel.bottom + 14;
  }
  run.height = top - 4;
  let end = run.end;
  for (const system of run.systems) for (const time of [...system.ended.slice(-1), ...system.samples.from.slice(-1)]) end = Math.max(end, time);
  if (given.shown < given.total) { // only so far is anything known
    end = Math.max(...run.systems.map((system) => system.ended.reduce((most, time) => Math.max(most, time), 0)));
  }
  run.end = end > 0 ? end : 1;
  return run;
}

// The first index of ascending values that is not below (or, `after`, above) a value.
function search(values, value, after) {
  let low = 0, high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (after ? values[middle] <= value : values[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

// Which of a part's spans may be seen between two times, as places in its order: from, to.
function within(system, part, from, to) {
  const first = search(part.latest, from, false);
  let low = first, high = part.order.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (system.queued[part.order[middle]] <= to) low = middle + 1;
    else high = middle;
  }
  return [first, low];
}

function isBad(system, span) {
  const status = system.words.status[system.spans.status[span]];
  return status === 'lost' || status === 'dropped';
}

function wordOf(system, name, sample) {
  const number = system.samples[name][sample];
  return number ? system.words[name][number - 1] : null;
}

function exitOf(system, sample) {
  const number = sample < 0 ? 0 : system.samples.exit[sample];
  return number ? { name: system.exits[number - 1], colour: system.colours[number - 1] % 8, threshold: system.thresholds[number - 1] } : null;
}

// What became of a sample, in words.
function outcomeText(system, sample) {
  const exit = exitOf(system, sample);
  const outcome = wordOf(system, 'outcome', sample);
  if (!exit) return [outcome, wordOf(system, 'reason', sample)].filter(Boolean).join(': ');
  const right = system.samples.right[sample] === 2 ? 'right' : 'wrong';
  const forced = outcome === 'forced' ? ', forced' : '';
  return `${exit.name}${forced}, ${right}, ${timeText(system.samples.to[sample] - system.samples.from[sample])}`;
}
