// What a user does to the timeline. The canvas tells in its data-from, data-to and data-sample what it shows.

class Timeline {
  constructor(section, run) {
    this.run = run;
    this.section = section;
    this.canvas = section.querySelector('canvas');
    this.tip = section.querySelector('.tip');
    this.status = section.querySelector('.status');
    this.detail = section.querySelector('.detail');
    this.painter = new Painter(this.canvas, run);
    this.from = 0;
    this.to = run.end;
    this.chosen = -1;
    this.pointers = new Map();
    this.listen();
    this.paint();
  }

  listen() {
    const { canvas, section } = this;
    canvas.addEventListener('wheel', (event) => this.wheel(event), { passive: false });
    canvas.addEventListener('pointerdown', (event) => this.down(event));
    canvas.addEventListener('pointermove', (event) => this.move(event));
    canvas.addEventListener('pointerup', (event) => this.up(event));
    canvas.addEventListener('pointercancel', (event) => this.pointers.delete(event.pointerId));
    canvas.addEventListener('pointerleave', () => { this.tip.hidden = true; });
    canvas.addEventListener('keydown', (event) => this.key(event));
    section.querySelector('form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.find(section.querySelector('input').value);
    });
    for (const button of section.querySelectorAll('[data-do]')) button.addEventListener('click', () => this.act(button.dataset.do));
    new ResizeObserver(() => this.paint()).observe(canvas);
    for (const query of ['(prefers-color-scheme: dark)', 'print']) matchMedia(query).addEventListener('change', () => this.repaint());
    addEventListener('beforeprint', () => this.repaint());
    addEventListener('afterprint', () => this.repaint());
  }

  repaint() {
    this.painter.look();
    this.draw();
  }

  paint() {
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = 0;
      this.draw();
    });
  }

  draw() {
    this.painter.draw(this.from, this.to, this.chosen);
    Object.assign(this.canvas.dataset, { from: this.from, to: this.to, sample: this.chosen });
  }

  show(from, to) {
    const whole = this.run.end;
    const long = Math.min(Math.max(to - from, 1e-6), whole * 1.02);
    this.from = Math.min(Math.max(from, -0.01 * whole), 1.01 * whole - long);
    this.to = this.from + long;
    this.paint();
  }

  zoom(factor, around) {
    const at = around === undefined ? (this.from + this.to) / 2 : around;
    this.show(at - (at - this.from) * factor, at + (this.to - at) * factor);
  }

  pan(share) {
    const by = share * (this.to - this.from);
    this.show(this.from + by, this.to + by);
  }

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  wheel(event) {
    if (document.activeElement !== this.canvas && !event.ctrlKey) return; // a page that is scrolled must not be caught
    event.preventDefault();
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) this.pan(event.deltaX / 600);
    else this.zoom(Math.exp(Math.max(-1, Math.min(1, event.deltaY / 250))), this.painter.time(this.place(event)[0]));
  }

  down(event) {
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, this.place(event));
    this.start = this.place(event);
    this.moved = false;
  }

  move(event) {
    const at = this.place(event);
    const before = this.pointers.get(event.pointerId);
    if (!before) return this.hover(at);
    const others = [...this.pointers].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
    if (others.length) { // two fingers
      const factor = Math.abs(before[0] - others[0][0]) / Math.max(Math.abs(at[0] - others[0][0]), 8);
      this.zoom(factor, this.painter.time((at[0] + others[0][0]) / 2));
      this.moved = true;
    } else {
      if (Math.hypot(at[0] - this.start[0], at[1] - this.start[1]) > 4) this.moved = true;
      if (this.moved) this.pan((before[0] - at[0]) / (this.painter.width - this.painter.gutter));
    }
    this.tip.hidden = true;
    return this.pointers.set(event.pointerId, at);
  }

  up(event) {
    const pressed = this.pointers.delete(event.pointerId);
    if (!pressed || this.moved) return;
    const at = this.place(event);
    const found = this.painter.hit(...at);
    if (found && found[2] >= 0) this.choose(found[2]);
    else if (!found) this.choose(this.nearest(...at));
  }

  // The sample captured last before a point, where no step is drawn by itself.
  nearest(x, y) {
    const row = this.painter.row(y);
    if (!row || x < this.painter.gutter) return -1;
    const { from } = this.run.systems[row[0]].samples;
    return Math.max(search(from, this.painter.time(x), true) - 1, 0);
  }

  hover([x, y]) {
    const words = this.words(x, y);
    this.tip.hidden = !words;
    if (!words) return;
    this.tip.textContent = words;
    const wide = this.tip.offsetWidth;
    this.tip.style.left = `${Math.max(0, Math.min(x + 14, this.painter.width - wide - 4))}px`;
    this.tip.style.top = `${y + 18}px`;
  }

  words(x, y) {
    const { run, painter } = this;
    const found = painter.hit(x, y);
    const row = painter.row(y);
    if (!found) {
      if (!row) return '';
      if (x < painter.gutter) return row[1].label;
      const time = painter.time(x);
      const faults = run.faults.filter((one) => one.start <= time && (one.end === null || time < one.end) && (!row[1].places || one.places.some((place) => row[1].places.includes(place))));
      return [`${row[1].label}, ${time.toFixed(3)} s`, ...faults.slice(0, 5).map((one) => one.label)].join('\n');
    }
    const [number, span, sample] = found;
    const system = run.systems[number];
    const whose = sample < 0 ? 'heartbeat' : `sample ${sample}: ${outcomeText(system, sample)}`;
    if (span < 0) return whose;
    const waited = system.started[span] - system.queued[span];
    const size = system.spans.bytes[span] ? `, ${sizeText(system.spans.bytes[span])}` : '';
    const status = system.words.status[system.spans.status[span]];
    return `${run.places[system.spans.place[span]]}: ${timeText(system.ended[span] - system.started[span])}${waited > 0 ? ` after waiting ${timeText(waited)}` : ''}${size}${status === 'ok' ? '' : `, ${status}`}\n${whose}`;
  }

  key(event) {
    const acts = { '+': 'in', '=': 'in', '-': 'out', '−': 'out', ArrowLeft: 'left', ArrowRight: 'right', 0: 'all', Home: 'all', n: 'next', p: 'previous', Escape: 'none' };
    const name = acts[event.key];
    if (!name || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.act(name);
  }

  act(name) {
    const count = this.run.systems[0].samples.rows;
    if (name === 'in') this.zoom(0.5);
    else if (name === 'out') this.zoom(2);
    else if (name === 'left') this.pan(-0.25);
    else if (name === 'right') this.pan(0.25);
    else if (name === 'all') this.show(0, this.run.end);
    else if (name === 'none') this.choose(-1);
    else if (name === 'next') this.go((this.chosen + 1) % count);
    else if (name === 'previous') this.go((this.chosen + count - (this.chosen < 0 ? 0 : 1)) % count);
    else this.seek(name);
  }

  // The slowest sample, or the next of which some system's answer is wrong or missing.
  seek(name) {
    const { systems } = this.run;
    const count = systems[0].samples.rows;
    if (name === 'slowest') {
      let slowest = -1, most = -1;
      for (const { samples } of systems) for (let n = 0; n < samples.rows; n++) {
        const lasted = samples.exit[n] ? samples.to[n] - samples.from[n] : -1;
        if (lasted > most) [slowest, most] = [n, lasted];
      }
      return slowest < 0 ? this.say('No sample was answered.') : this.go(slowest);
    }
    const wanted = name === 'wrong' ? ({ right }, n) => right[n] === 1 : ({ exit }, n) => !exit[n];
    for (let step = 1; step <= count; step++) {
      const sample = (this.chosen + step) % count;
      if (systems.some(({ samples }) => sample < samples.rows && wanted(samples, sample))) return this.go(sample);
    }
    return this.say(name === 'wrong' ? 'No answer is wrong.' : 'Every sample was answered.');
  }

  find(text) {
    const count = this.run.systems[0].samples.rows;
    const sample = Number(text);
    if (text.trim() === '' || !Number.isInteger(sample) || sample < 0 || sample >= count) this.say(`There are samples 0 to ${count - 1}.`);
    else this.go(sample);
  }

  // Chooses a sample and brings its life into view.
  go(sample) {
    let start = Infinity, end = -Infinity;
    for (const system of this.run.systems) {
      const over = system.samples.to[sample];
      start = Math.min(start, system.samples.from[sample]);
      end = Math.max(end, system.samples.from[sample], ...(Number.isNaN(over) ? [] : [over]));
    }
    const long = Math.max((end - start) * 1.6, this.run.end * 1e-5, 1e-4);
    if (start < this.from || end > this.to || this.to - this.from > 8 * long) this.show((start + end - long) / 2, (start + end + long) / 2);
    this.choose(sample);
  }

  choose(sample) {
    this.chosen = sample;
    this.paint();
    this.detail.replaceChildren(...(sample < 0 ? [] : waterfall(this.run, sample)));
    if (sample >= 0) this.section.querySelector('input').value = sample;
    this.say(sample < 0 ? '' : `Sample ${sample}. ${this.run.systems.map((system) => `${system.name}: ${outcomeText(system, sample)}`).join('. ')}.`);
  }

  say(words) {
    this.status.textContent = words;
  }
}

async function begin(block) {
  const section = document.getElementById(block.id.replace('-data', '-timeline'));
  if (!section.querySelector('canvas')) return;
  try {
    new Timeline(section, await readRun(JSON.parse(block.textContent)));
    section.dataset.ready = 'yes';
  } catch (error) {
    section.querySelector('.status').textContent = `The timeline cannot be shown in this browser (${error.message}).`;
    throw error;
  }
}

// After the first paint: the tables are there before anything is unpacked.
requestAnimationFrame(() => setTimeout(() => {
  for (const block of document.querySelectorAll('script[type="application/json"]')) begin(block);
}));
