// Tables: sticky header, sorting by a click or a key, rows that lead on.

import { cell, make, mark } from './format.js';

const collator = new Intl.Collator('zh-CN', { numeric: true });

/** draw fills body with the rows of an answer. */
export function draw(body, answer) {
  const rows = answer.rows.map((values, i) => ({ values, i }));
  const head = make('tr');
  const list = make('tbody');
  const look = answer.fields.map((field, c) => ({ field, peak: peak(answer, c), cells: (row) => links(answer, field, c)?.[row.i] }));
  const one = answer.links && !look.some((l) => l.field.links);

  look.forEach(({ field }, column) => {
    const title = field.unit ? `${field.title}(${field.unit})` : field.title;
    const button = make('button', { class: 'sort', type: 'button' }, title);
    const th = make('th', { class: field.kind === 'number' || field.align ? 'num' : '', scope: 'col' }, button);
    button.addEventListener('click', () => {
      const up = th.getAttribute('aria-sort') ? th.getAttribute('aria-sort') !== 'ascending' : field.kind !== 'number';
      for (const other of head.children) other.removeAttribute('aria-sort');
      th.setAttribute('aria-sort', up ? 'ascending' : 'descending');
      rows.sort((a, b) => compare(field, a.values[column], b.values[column], up) || a.i - b.i);
      fill();
    });
    head.append(th);
  });

  function fill() {
    list.replaceChildren(...rows.map((row) => {
      const tr = make('tr', {}, ...look.map((l, c) => draw1(answer, l, row, c)));
      const link = one && answer.links[row.i];
      if (link) {
        tr.classList.add('go');
        tr.addEventListener('click', (e) => { if (!e.target.closest('a') && !String(getSelection())) location.assign(link); });
      }
      return tr;
    }));
  }

  fill();
  const scroll = make('div', { class: answer.heat ? 'scroll heat' : 'scroll', tabindex: '0' }, make('table', {}, make('thead', {}, head), list));
  body.replaceChildren(scroll);
  if (document.body.classList.contains('wall')) fit(scroll, head, list);
}

// fit leaves out, on a wall where nobody scrolls, the columns of long texts and
// whatever would be cut at the right or at the bottom.
function fit(scroll, head, list) {
  const hide = (c) => { for (const row of [head, ...list.children]) row.children[c].classList.add('hidden'); };
  for (const row of list.children) [...row.children].forEach((td, c) => { if (td.classList.contains('long')) hide(c); });
  const edge = scroll.getBoundingClientRect();
  for (let c = head.children.length - 1; c > 0 && head.children[c].getBoundingClientRect().right > edge.right + 1; c--) hide(c);
  for (const row of [...list.children].reverse()) if (row.getBoundingClientRect().bottom > edge.bottom) row.remove();
}

function draw1(answer, { field, peak: top, cells }, row, c) {
  const value = row.values[c];
  const text = cell(field, value);
  const color = mark(field, value);
  const link = cells(row);
  let content = color ? make('span', { class: `mark c-${color}` }, text) : text;
  if (link) content = make('a', { href: link }, content);
  else if (text.length > longText && field.kind === 'text') content = clamp(text);
  const td = make('td', { class: shape(field, text) });
  const size = top > 0 ? Math.max(0, Number(value) || 0) / top : 0;
  if (field.gauge) {
    const bar = make('span', { class: 'gauge' }, make('i'));
    bar.firstChild.style.width = `${(100 * size).toFixed(1)}%`;
    td.append(make('div', { class: 'gauged' }, bar, make('span', {}, content)));
    return td;
  }
  td.append(content);
  if (answer.heat && size > 0) {
    td.style.backgroundColor = `rgba(var(--heat), ${(.04 + .36 * size).toFixed(3)})`;
  }
  return td;
}

// links are a column's own, or the rows' in the column that carries them.
function links(answer, field, c) {
  return field.links ?? (c === answer.linked ? answer.links : undefined);
}

// peak is the largest number of a column, or in a cross table of all but the
// totals; 0 where numbers are not compared.
function peak(answer, c) {
  const field = answer.fields[c];
  if (field.kind !== 'number' || !(field.gauge || answer.heat)) return 0;
  const columns = answer.heat ? answer.fields.map((f, i) => i).filter((i) => answer.fields[i].kind === 'number' && answer.fields[i].title !== '合计') : [c];
  if (!columns.includes(c)) return 0;
  return Math.max(0, ...answer.rows.flatMap((r) => columns.map((i) => Number(r[i]) || 0)));
}

const longText = 28;

// clamp shows two lines of a long text; a click or a key shows the rest.
function clamp(text) {
  const el = make('div', { class: 'clamp', tabindex: '0', role: 'button', 'aria-expanded': 'false' }, text);
  const turn = () => el.setAttribute('aria-expanded', String(el.getAttribute('aria-expanded') !== 'true'));
  el.addEventListener('click', (e) => { if (!String(getSelection())) turn(); e.stopPropagation(); });
  el.addEventListener('keydown', (e) => { if (e.key === 'Enter' || e.key === ' ') { e.preventDefault(); turn(); } });
  return el;
}

function shape(field, text) {
  if (field.kind === 'number' || field.align) return 'num';
  if (field.kind !== 'text' || text.length <= 10 || field.marks || /^[\d\-:. 至]+$/.test(text)) return 'tight';
  return text.length > longText ? 'text long' : 'text';
}

// Absent values stand last, whichever way round.
function compare(field, a, b, up) {
  const na = a === null || a === undefined, nb = b === null || b === undefined;
  if (na || nb) return na - nb;
  return (field.kind === 'number' ? Number(a) - Number(b) : collator.compare(String(a), String(b))) * (up ? 1 : -1);
}
