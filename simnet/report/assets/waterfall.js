// Where the time of one sample went, for every system, as tables with bars on one scale.

function make(name, attributes, ...content) {
  const space = ['svg', 'rect'].includes(name) ? 'http://www.w3.org/2000/svg' : 'http://www.w3.org/1999/xhtml';
  const element = document.createElementNS(space, name);
  for (const [key, value] of Object.entries(attributes || {})) element.setAttribute(key, value);
  element.append(...content.filter((one) => one !== null)); // texts stay texts
  return element;
}

function stepsOf(system, sample) {
  const steps = [];
  for (let n = search(system.whose, sample, false); n < system.spans.rows && system.whose[n] === sample; n++) steps.push(n);
  return steps.sort((one, other) => system.queued[one] - system.queued[other] || system.started[one] - system.started[other]);
}

function waterfall(run, sample) {
  const known = run.systems.filter((system) => sample < system.samples.rows);
  const longest = Math.max(1e-9, ...known.map((system) => {
    const ends = stepsOf(system, sample).map((span) => system.ended[span]);
    const over = system.samples.to[sample];
    return Math.max(Number.isNaN(over) ? 0 : over, ...ends) - system.samples.from[sample];
  }));
  return known.map((system) => card(run, system, sample, longest));
}

function card(run, system, sample, longest) {
  const heading = make('h4', {}, system.name, ' ', make('small', {}, `sample ${sample}`));
  return make('div', { class: 'card' }, heading, facts(system, sample), sight(run, system, sample), said(system, sample), scrolled(...waterfallTable(run, system, sample, longest)));
}

function facts(system, sample) {
  const { samples } = system;
  const exit = exitOf(system, sample);
  const over = samples.to[sample];
  const views = [];
  for (let view = 0; view < 32; view++) if ((samples.views[sample] >>> view) & 1) views.push(view + 1);
  const rows = [
    ['left at', exit ? exit.name : NONE],
    ['outcome', [wordOf(system, 'outcome', sample), wordOf(system, 'reason', sample)].filter(Boolean).join(': ')],
    ['latency', exit && !Number.isNaN(over) ? timeText(over - samples.from[sample]) : NONE],
    ['captured at', `${samples.from[sample].toFixed(3)} s`],
    ['class', String(samples.label[sample])],
    ['views', views.length ? views.join(', ') : NONE],
    ['bytes', sizeText(samples.bytes[sample])],
  ];
  if (samples.energy) rows.push(['energy', Number.isNaN(samples.energy[sample]) ? NONE : `${digits(samples.energy[sample])} J`]);
  if (samples.deadline && !Number.isNaN(samples.deadline[sample])) rows.push(['deadline', timeText(samples.deadline[sample])]);
  for (const name of ['site', 'class']) {
    const word = wordOf(system, name, sample);
    if (word !== null) rows.push([name === 'class' ? 'class of samples' : name, word]);
  }
  return make('dl', {}, ...rows.map(([key, value]) => make('div', {}, make('dt', {}, key), make('dd', {}, make('b', {}, value)))));
}

// What the cameras saw, where the page holds it; views that took no part in the answer are faint.
function sight(run, system, sample) {
  const views = run.views && run.views[sample];
  if (!views) return null;
  const figures = views.map((uri, view) => {
    const part = (system.samples.views[sample] >>> view) & 1;
    const words = part ? `view ${view + 1}` : `view ${view + 1}, no part`;
    return make('figure', part ? {} : { class: 'apart' }, make('img', { src: uri, alt: words }), make('figcaption', {}, words));
  });
  return make('div', { class: 'views' }, ...figures);
}

// What the exits said; where the run holds the scores of none but the one that answered, that one.
function said(system, sample) {
  const rows = system.scores ? scoresOf(system, sample) : answered(system, sample);
  if (!rows.length) return null;
  const heads = ['', 'answer', 'measure', 'T', ''].map((word) => make('th', { scope: 'col' }, word));
  const body = rows.map(([name, ...cells]) => make('tr', {}, make('th', { scope: 'row' }, name), ...cells.map((cell) => (
    cell === 'wrong' ? make('td', { class: 'wrong' }, cell) : make('td', {}, cell)))));
  return scrolled(...titled('what the exits said', heads, body));
}

function scoresOf(system, sample) {
  const { heads } = system.scores;
  const rows = [];
  heads.forEach((head, number) => {
    const answer = system.scores[`p${number}`][sample], asked = system.scores[`a${number}`][sample];
    if (!answer && head.exit === null) return; // a head that had nothing to see
    const measure = half(system.scores[`m${number}`][sample]);
    const threshold = head.exit === null ? null : system.thresholds[head.exit];
    const verdict = !answer ? '' : answer - 1 === system.samples.label[sample] ? 'right' : 'wrong';
    rows.push([head.name, answer ? String(answer - 1) : NONE, Number.isNaN(measure) ? NONE : digits(measure), threshold === null ? NONE : digits(threshold), asked ? verdict : [verdict, 'not asked'].filter(Boolean).join(', ')]);
  });
  return rows;
}

function answered(system, sample) {
  const exit = exitOf(system, sample);
  if (!exit) return [];
  const { samples } = system;
  return [[exit.name, String(samples.prediction[sample] - 1), digits(samples.measure[sample]), exit.threshold === null ? NONE : digits(exit.threshold), samples.right[sample] === 2 ? 'right' : 'wrong']];
}

function waterfallTable(run, system, sample, longest) {
  const begin = system.samples.from[sample];
  const rows = stepsOf(system, sample).map((span) => {
    const place = run.places[system.spans.place[span]];
    const status = system.words.status[system.spans.status[span]];
    const [queued, started, ended] = [system.queued[span], system.started[span], system.ended[span]].map((time) => time - begin);
    const message = system.spans.message[span] ? system.words.message[system.spans.message[span] - 1] : null;
    const exit = exitOf(system, sample);
    const bar = make('svg', { class: 'strip', viewBox: '0 0 1000 10', preserveAspectRatio: 'none', role: 'img', 'aria-label': `from ${timeText(queued)} to ${timeText(ended)}` },
      piece(queued, started, longest, 'wait', 3, 4), piece(started, ended, longest, status === 'lost' || status === 'dropped' ? 'bad' : exit ? `e${exit.colour}` : 'fill', 0, 10));
    return make('tr', {},
      make('th', { scope: 'row', class: 'step' }, message ? `${place} (${message})` : place),
      make('td', { class: 'drawn' }, bar),
      make('td', {}, timeText(queued)), make('td', {}, timeText(started - queued)), make('td', {}, timeText(ended - started)),
      make('td', {}, system.spans.bytes[span] ? sizeText(system.spans.bytes[span]) : ''), make('td', status === 'ok' ? {} : { class: 'wrong' }, status));
  });
  const heads = ['step', 'time', 'ready after', 'waits', 'takes', 'bytes', ''].map((word) => make('th', { scope: 'col' }, word));
  return titled(`where the time went (the bars end at ${timeText(longest)})`, heads, rows);
}

// A title and what scrolls by itself below it, also by keyboard.
function scrolled(title, table) {
  return make('div', {}, title, make('div', { class: 'wide', tabindex: '0', role: 'region', 'aria-label': title.textContent }, table));
}

// A title and the table below it.
function titled(words, heads, rows) {
  return [make('p', { class: 'title' }, words), make('table', { 'aria-label': words }, make('thead', {}, make('tr', {}, ...heads)), make('tbody', {}, ...rows))];
}

function piece(start, end, longest, kind, top, tall) {
  const wide = Math.max(((end - start) / longest) * 1000, end > start ? 2 : 0);
  return make('rect', { x: ((start / longest) * 1000).toFixed(1), width: wide.toFixed(1), y: top, height: tall, class: kind });
}
