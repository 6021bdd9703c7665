// A board: asks for the rows of every panel at once, and draws each as it comes.

import * as chart from './chart.js';
import * as stat from './stat.js';
import * as table from './table.js';
import { make, number } from './format.js';

// A choice takes effect at once; the button is for browsers without script.
const form = document.querySelector('form.vars');
form?.addEventListener('change', (e) => { if (e.target.type !== 'text') form.requestSubmit(); });
form?.addEventListener('formdata', (e) => { // only what says something stands in the address
  for (const [name, value] of [...e.formData]) if (value === '') e.formData.delete(name);
});

// This module stands before the charting library, so that rows are on their way
// while the library is read; what is drawn waits for it.
const ready = new Promise((done) => {
  if (document.readyState === 'complete') done();
  else document.addEventListener('DOMContentLoaded', done, { once: true });
});

const wall = document.body.classList.contains('wall');
const panels = [...document.querySelectorAll('.panel[data-rows]')];

/** load asks for all panels; it reports whether every answer came. */
async function load() {
  const came = await Promise.all(panels.map(show));
  if (!wall) closeUp();
  document.body.dataset.loaded = String(came.every(Boolean));
  document.body.dataset.at = String(Math.round(performance.now())); // since the page was asked for
  return came.every(Boolean);
}

// closeUp takes away the room that panels of full width do not need for what
// they hold: a list of three rows, or none. What stands below moves up.
function closeUp() {
  const style = getComputedStyle(document.documentElement);
  const [unit, gap] = ['--unit', '--gap'].map((name) => parseFloat(style.getPropertyValue(name)));
  let up = 0;
  for (const panel of [...panels].sort((a, b) => a.dataset.y - b.dataset.y)) {
    const [y, w, h] = [panel.dataset.y, panel.dataset.w, panel.dataset.h].map(Number);
    const table = panel.querySelector('table'), empty = panel.querySelector('.state');
    let needs = h;
    if (w === 24 && (table || empty)) {
      const height = panel.querySelector('header').offsetHeight + (table ? table.offsetHeight + panel.querySelector('.foot').offsetHeight + 4 : 64);
      needs = Math.min(h, Math.max(3, Math.ceil((height + gap) / (unit + gap))));
    }
    panel.style.gridRow = `${y + 1 - up} / span ${needs}`;
    up += h - needs;
  }
}

async function show(panel) {
  const body = panel.querySelector('.body');
  const foot = panel.querySelector('.foot');
  let answer;
  try {
    const response = await fetch(panel.dataset.rows, { headers: { Accept: 'application/json' }, credentials: 'same-origin' });
    if (response.status === 401) { // signed out meanwhile: sign in, and come back here
      location.assign('/signin?next=' + encodeURIComponent(location.pathname + location.search));
      return false;
    }
    answer = await response.json();
    await ready;
  } catch {
    say(panel, 'failed', '连接中断', '请检查网络后刷新页面');
    return false;
  }
  panel.dataset.took = answer.took_ms;
  if (answer.state !== 'ok') {
    say(panel, answer.state, answer.message, answer.hint);
    foot.textContent = '';
    return true;
  }
  try {
    if (answer.kind === 'stat') stat.draw(body, answer);
    else if (chart.possible(answer.kind)) chart.draw(body, answer);
    else table.draw(body, answer);
  } catch (problem) {
    console.error(problem);
    table.draw(body, answer); // the rows at least
  }
  foot.textContent = answer.truncated ? `只显示前 ${number(answer.rows.length)} 行，下载可得全部` : '';
  panel.dataset.state = 'ok';
  return true;
}

function say(panel, state, message, hint) {
  panel.dataset.state = state;
  panel.querySelector('.body').replaceChildren(make('div', { class: `state ${state}`, role: state === 'failed' ? 'alert' : false },
    make('b', {}, message), hint ? make('p', { class: 'hint' }, hint) : null));
}

load().then((came) => { if (wall) import('./wall.js').then((w) => w.keep(came)); });
