// Numbers and words as readers expect them. A field is a column of an answer:
// {name, title, kind: number|text|day|time|flag, unit, decimals, marks, gauge}.

const formats = new Map();

/** number writes a number with grouping; decimals < 0 keeps up to two. */
export function number(value, decimals = -1) {
  if (value === null || value === undefined || value === '') return '—';
  const n = Number(value);
  if (!Number.isFinite(n)) return String(value);
  if (!formats.has(decimals)) {
    formats.set(decimals, new Intl.NumberFormat('zh-CN', decimals < 0
      ? { maximumFractionDigits: 2 }
      : { minimumFractionDigits: decimals, maximumFractionDigits: decimals }));
  }
  return formats.get(decimals).format(n);
}

/** short writes a number for an axis: 12000 is 1.2万. */
export function short(value) {
  const n = Number(value), size = Math.abs(n);
  if (size >= 1e8) return number(n / 1e8) + '亿';
  if (size >= 1e4) return number(n / 1e4) + '万';
  return number(n);
}

/** cell writes any value of a field, without its unit. */
export function cell(field, value) {
  if (value === null || value === undefined || value === '') return '—';
  switch (field.kind) {
    case 'number': return number(value, field.decimals);
    case 'flag': return value ? '是' : '否';
    default: return field.align && /^-?\d{4,}(\.\d+)?$/.test(value) ? grouped(value) : String(value);
  }
}

// grouped sets commas between the thousands of a number that came as words.
const grouped = (value) => value.replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, ',');

/** withUnit is cell and the unit behind it. */
export function withUnit(field, value) {
  const text = cell(field, value);
  return field.unit && text !== '—' ? `${text} ${field.unit}` : text;
}

/** step is the name of the colour that a number has reached; '' is none. */
export function step(steps, value) {
  let reached = '';
  if (value === null || value === undefined || !Number.isFinite(Number(value))) return reached;
  for (const s of steps ?? []) if (s.from === null || Number(value) >= s.from) reached = s.color;
  return reached;
}

/** mark is the name of the colour of a word, told by how it begins; '' is none. */
export function mark(field, value) {
  for (const [prefix, color] of Object.entries(field.marks ?? {})) if (String(value ?? '').startsWith(prefix)) return color;
  return '';
}

/** make builds an element; children are nodes or text, never markup. */
export function make(name, attributes = {}, ...children) {
  const el = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined || value === '') continue;
    if (key === 'class') el.className = value;
    else el.setAttribute(key, value === true ? '' : value);
  }
  el.append(...children.filter((c) => c !== null && c !== undefined));
  return el;
}
