// Stat tiles: what stands in an answer's first row, each with its unit.

import { cell, make, mark, step } from './format.js';

/** draw fills body with a tile for each column. */
export function draw(body, answer) {
  body.replaceChildren(make('div', { class: answer.fields.length > 6 ? 'stats many' : 'stats' }, ...answer.fields.map((field, i) => {
    const value = answer.rows[0][i];
    const text = cell(field, value);
    const color = field.kind === 'number' ? step(answer.steps, value) : mark(field, value);
    return make('div', { class: 'stat' },
      make('div', { class: 'label' }, field.title),
      make('div', { class: `value ${size(field, text)} ${color && `c-${color}`}`, title: text },
        text, field.unit && text !== '—' ? make('span', { class: 'unit' }, field.unit) : null));
  })));
}

// size tells numbers, words and long words apart.
function size(field, text) {
  if (field.kind === 'number') return '';
  return text.length > 10 ? 'words fine' : 'words';
}
