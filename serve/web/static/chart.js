// Charts, drawn by ECharts where it is embedded. Each function turns an answer
// into an option; what a point says is built of nodes, so that no text of the
// data is ever read as markup.

import { cell, make, number, short, withUnit } from './format.js';

const light = {
  ink: '#1b2733', quiet: '#566573', faint: '#7c8894', rule: '#dde2e7', paper: '#ffffff', size: 12,
  colours: ['#17548f', '#c97b1a', '#3f8f7a', '#8b5a9e', '#a3453b', '#5f7f2e', '#4f86c6', '#7d8791'],
  named: { green: '#2b7a4b', blue: '#17548f', yellow: '#8f6b00', orange: '#b06a00', red: '#b3261e', purple: '#7a4a8f', gray: '#7c8894' },
};
const dark = {
  ink: '#eef3f7', quiet: '#a9b8c6', faint: '#7e90a1', rule: '#20364a', paper: '#0f1d2a', size: 18,
  colours: ['#5aa9e6', '#e8a54b', '#62c2a4', '#b48ac7', '#e0796c', '#a3c267', '#8fb8e8', '#9aa8b5'],
  named: { green: '#57c98a', blue: '#5aa9e6', yellow: '#e8cf5a', orange: '#f0b04a', red: '#ff7b6e', purple: '#c09ad6', gray: '#7e90a1' },
};

const theme = () => (document.body.classList.contains('wall') ? dark : light);

/** possible says whether charts of a kind can be drawn here at all. */
export function possible(kind) {
  return Boolean(window.echarts) && kind in kinds;
}

/** draw draws a chart into body, in place of what stood there. */
export function draw(body, answer) {
  const t = theme();
  const place = make('div', { class: 'chart', role: 'img', 'aria-label': answer.title });
  body.replaceChildren(place);
  const option = kinds[answer.kind](answer, t, place);
  for (const series of option.series) series.cursor = answer.links ? 'pointer' : 'default';
  const chart = window.echarts.init(place, null, { renderer: 'canvas' });
  chart.setOption({
    animation: false, color: t.colours,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, fontSize: t.size, color: t.quiet },
    ...option,
  });
  if (answer.links) {
    chart.on('click', (p) => {
      const link = answer.links[p.data?.row ?? -1];
      if (link) location.assign(link);
    });
  }
  new ResizeObserver(() => chart.resize()).observe(place);
}

const kinds = { line, bar, pie, map, wordcloud };

// rowsOf gives the rows, oldest first where the label is a day or a moment.
function rowsOf(answer) {
  const list = answer.rows.map((values, row) => ({ values, row }));
  const label = (r) => String(r.values[0] ?? '—');
  if (list.every((r) => /^\d{4}-\d\d-\d\d/.test(label(r)))) list.sort((a, b) => (label(a) < label(b) ? -1 : 1));
  return list.map((r) => ({ ...r, label: label(r) }));
}

// spread makes a series of every column of numbers; the first column is x.
function spread(answer) {
  const rows = rowsOf(answer);
  const series = [];
  answer.fields.forEach((field, i) => {
    if (i === 0 || field.kind !== 'number') return;
    series.push({ name: field.title, field, data: rows.map((r) => ({ value: r.values[i], row: r.row })) });
  });
  return { xs: rows.map((r) => r.label), series };
}

function axisText(t) { return { color: t.quiet, fontSize: t.size }; }

function valueAxis(t, field) {
  return {
    type: 'value', name: '', splitNumber: 4, minInterval: field && field.decimals === 0 ? 1 : 0,
    axisLabel: { ...axisText(t), formatter: short }, splitLine: { lineStyle: { color: t.rule } },
  };
}

function categoryAxis(t, data, more = {}) {
  return {
    type: 'category', data, axisTick: { show: false }, axisLine: { lineStyle: { color: t.faint } },
    axisLabel: { ...axisText(t), hideOverlap: true, ...more },
  };
}

function legend(t, series) {
  return series.length > 1 ? { top: 0, left: 8, type: 'scroll', icon: 'rect', itemWidth: 12, itemHeight: 4, textStyle: axisText(t) } : undefined;
}

// says builds the box of a point or of a whole x.
function says(title, lines) {
  return make('div', { class: 'hover' }, make('b', {}, title),
    ...lines.map((l) => make('div', {}, l.dot === undefined ? null : make('i', { class: `dot-${l.dot % 8}` }), l.name, make('span', {}, l.text))));
}

const box = { confine: true, backgroundColor: '#ffffff', borderColor: '#c3ccd4', borderRadius: 2, padding: [8, 12], extraCssText: 'box-shadow:none' };

function axisTip(series, xs) {
  return {
    ...box, trigger: 'axis', axisPointer: { type: 'line', lineStyle: { color: '#7c8894', type: 'solid', width: 1 } },
    formatter: (points) => says(String(xs[points[0].dataIndex]), points
      .filter((p) => p.value !== null && p.value !== undefined)
      .map((p) => ({ dot: p.seriesIndex, name: p.seriesName, text: withUnit(series[p.seriesIndex].field, p.value) }))),
  };
}

const largest = (s) => Math.max(0, ...s.data.map((d) => Math.abs(Number(d.value) || 0)));

// axes: what is counted in another unit, and is of another size, is read on the
// right.
function axes(t, series) {
  const first = series[0];
  const other = series.find((s) => {
    const ratio = largest(s) / (largest(first) || 1);
    return s.field.unit !== first.field.unit && (ratio > 5 || ratio < .2);
  });
  const right = (s) => Number(Boolean(other) && s.field.unit === other.field.unit);
  const list = [{ ...valueAxis(t, first?.field) }];
  if (other) list.push({ ...valueAxis(t, other.field), position: 'right', alignTicks: true, splitLine: { show: false } });
  return { right, list };
}

function line(answer, t) {
  const { xs, series } = spread(answer);
  const many = series.length > 1, dense = xs.length > 40;
  const { right, list } = axes(t, series);
  return {
    grid: { left: 8, right: 2 * t.size, top: many ? 36 : 12, bottom: 4, containLabel: true },
    legend: legend(t, series),
    tooltip: axisTip(series, xs),
    xAxis: { ...categoryAxis(t, xs, { formatter: dayLabel(xs) }), boundaryGap: false },
    yAxis: list,
    series: series.map((s, i) => ({
      name: s.name, type: 'line', data: s.data, yAxisIndex: right(s), symbol: 'circle', symbolSize: dense ? 4 : 5, showSymbol: !dense,
      lineStyle: { width: t === dark ? 3 : 2 }, connectNulls: false, emphasis: { focus: many ? 'series' : 'none' },
      markLine: i === 0 ? thresholds(answer, t) : undefined,
    })),
  };
}

function thresholds(answer, t) {
  const steps = (answer.steps ?? []).filter((s) => s.from !== null);
  if (steps.length === 0) return undefined;
  return {
    silent: true, symbol: 'none',
    data: steps.map((s) => ({ yAxis: s.from, lineStyle: { color: t.named[s.color], type: 'dashed', width: 1 }, label: { formatter: number(s.from), color: t.named[s.color], fontSize: t.size, position: 'insideEndTop' } })),
  };
}

// dayLabel leaves out what all days of an axis have in common.
function dayLabel(xs) {
  const days = xs.every((x) => /^\d{4}-\d\d-\d\d$/.test(x));
  if (!days) return (x) => x;
  if (xs.every((x) => x.endsWith('-01')) && xs.length > 1) return (x) => (x.slice(5, 7) === '01' || x === xs[0] ? `${x.slice(0, 4)}年${Number(x.slice(5, 7))}月` : `${Number(x.slice(5, 7))}月`);
  return (x) => `${Number(x.slice(5, 7))}-${x.slice(8)}`;
}

function bar(answer, t, place) {
  const upright = !answer.horizontal;
  const { xs, series } = spread(answer);
  const many = series.length > 1;
  const names = categoryAxis(t, xs, upright ? { formatter: dayLabel(xs) } : { width: t.size * 11, overflow: 'truncate', interval: 0, hideOverlap: false });
  if (!upright && xs.length * (t.size + 4) > place.clientHeight - (many ? 64 : 40)) names.axisLabel.interval = 'auto';
  const values = valueAxis(t, series[0]?.field);
  return {
    grid: { left: 8, right: upright ? 16 : 48, top: many ? 36 : upright ? 24 : 8, bottom: 4, containLabel: true },
    legend: legend(t, series),
    tooltip: { ...axisTip(series, xs), axisPointer: { type: 'shadow', shadowStyle: { color: 'rgba(120,140,160,.12)' } } },
    xAxis: upright ? names : { ...values, splitNumber: 3 },
    yAxis: upright ? values : { ...names, inverse: true },
    series: series.map((s) => ({
      name: s.name, type: 'bar', data: s.data, stack: answer.stacked ? 'all' : undefined, barMaxWidth: t === dark ? 28 : 18, barCategoryGap: '32%',
      label: { show: !many && xs.length <= 24, position: upright ? 'top' : 'right', color: t.quiet, fontSize: t.size, formatter: (p) => cell(s.field, p.value) },
    })),
  };
}

const slices = 8;

function pie(answer, t, place) {
  const value = answer.fields[1];
  let parts = answer.rows.map((r, row) => ({ name: String(r[0] ?? '—'), value: Number(r[1]) || 0, row }));
  parts.sort((a, b) => b.value - a.value);
  if (parts.length > slices) {
    const rest = parts.slice(slices - 1);
    parts = [...parts.slice(0, slices - 1), { name: '其他', value: rest.reduce((sum, p) => sum + p.value, 0), itemStyle: { color: t.faint } }];
  }
  const all = parts.reduce((sum, p) => sum + p.value, 0);
  const share = (v) => (all > 0 ? `${number(100 * v / all, 1)}%` : '—');
  const beside = t.size * 15.5 + 32; // what the legend needs
  const wide = place.clientWidth > beside + place.clientHeight * .6;
  const room = wide ? place.clientWidth - beside : place.clientWidth;
  const below = wide ? 0 : parts.length * (t.size + 10) + 8;
  const radius = Math.min(room, place.clientHeight - below) / 2 * .88;
  const byName = new Map(parts.map((p) => [p.name, p]));
  return {
    tooltip: { ...box, trigger: 'item', formatter: (p) => says(p.name, [{ name: value.title, text: withUnit(value, p.value) }, { name: '占比', text: share(p.value) }]) },
    legend: {
      orient: 'vertical', icon: 'rect', itemWidth: 8, itemHeight: 8, itemGap: t === dark ? 16 : 8,
      ...(wide ? { left: room, top: 'middle' } : { bottom: 0, left: 'center' }),
      formatter: (n) => `{n|${n}}{v|${cell(value, byName.get(n)?.value)}}{s|${share(byName.get(n)?.value)}}`,
      textStyle: { color: t.ink, fontSize: t.size, rich: { n: { width: t.size * 7, fontSize: t.size, color: t.ink }, v: { width: t.size * 4, align: 'right', fontSize: t.size, color: t.ink }, s: { width: t.size * 4.5, align: 'right', fontSize: t.size, color: t.quiet } } },
    },
    series: [{
      type: 'pie', data: parts, radius: [radius * .6, radius], center: [room / 2, wide ? '50%' : radius + 8],
      label: { show: false }, itemStyle: { borderColor: t.paper, borderWidth: 1 }, emphasis: { scale: false },
    }],
  };
}

// map shows regions as markers where they lie, and as areas of a tree map where
// one has no coordinates. The columns are a name, longitude, latitude, a number.
function map(answer, t) {
  const value = answer.fields[3];
  const spots = answer.rows.map((r, row) => ({ name: String(r[0] ?? '—'), row, x: r[1], y: r[2], amount: Number(r[3]) || 0 }));
  const tip = { ...box, trigger: 'item', formatter: (p) => says(p.name, [{ name: value.title, text: withUnit(value, p.data.amount ?? p.value) }]) };
  const top = Math.max(1, ...spots.map((s) => s.amount));
  if (!spots.length || spots.some((s) => !s.x || !s.y)) return areas(spots, t, tip, top);
  const mid = spots.reduce((sum, s) => sum + s.y, 0) / spots.length;
  return {
    tooltip: tip, grid: { left: 32, right: 32, top: 24, bottom: 24 },
    // A degree of longitude is shorter than one of latitude by the cosine.
    ...fitted(spots, Math.cos(mid * Math.PI / 180)),
    series: [{
      type: 'scatter', symbolSize: (_, p) => 8 + 40 * Math.sqrt(p.data.amount / top),
      data: spots.map((s) => ({ ...s, value: [s.x, s.y] })), itemStyle: { color: t.colours[0], opacity: .75 },
      label: { show: true, position: 'bottom', color: t.ink, fontSize: t.size, formatter: (p) => `${p.name} ${cell(value, p.data.amount)}` }, labelLayout: { hideOverlap: true },
    }],
  };
}

function fitted(spots, shrink) {
  const xs = spots.map((s) => s.x * shrink), ys = spots.map((s) => s.y);
  const half = Math.max(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys), .02) / 2 * 1.15;
  const cx = (Math.max(...xs) + Math.min(...xs)) / 2, cy = (Math.max(...ys) + Math.min(...ys)) / 2;
  return {
    xAxis: { show: false, min: (cx - half) / shrink, max: (cx + half) / shrink },
    yAxis: { show: false, min: cy - half, max: cy + half },
  };
}

function areas(spots, t, tip, top) {
  const shade = (v) => `rgba(${t === dark ? '90,169,230' : '23,84,143'},${(.25 + .75 * v / top).toFixed(3)})`;
  return {
    tooltip: tip,
    series: [{
      type: 'treemap', left: 8, right: 8, top: 4, bottom: 4, roam: false, nodeClick: false, breadcrumb: { show: false },
      itemStyle: { borderColor: t.paper, borderWidth: 2, gapWidth: 2 },
      label: { fontSize: t.size, color: '#fff', formatter: (p) => `${p.name}\n${number(p.value)}`, lineHeight: t.size * 1.4 },
      data: spots.map((s) => ({ ...s, value: s.amount, itemStyle: { color: shade(s.amount) }, label: { color: s.amount / top > .4 || t === dark ? '#fff' : t.ink } })),
    }],
  };
}

function wordcloud(answer, t, place) {
  const words = answer.rows.map((r, row) => ({ name: String(r[0] ?? ''), weight: Number(r[1]) || 0, row })).filter((w) => w.weight > 0);
  words.sort((a, b) => b.weight - a.weight);
  const largestSize = Math.min(place.clientHeight / 6, place.clientWidth / 9);
  // Strength is said twice, by size and by depth of the one colour.
  const tone = (i) => (i < words.length * .12 ? t.colours[0] : i < words.length * .45 ? t.ink : t.quiet);
  return {
    tooltip: { ...box, trigger: 'item', formatter: (p) => says(p.name, answer.fields.slice(1).map((f, i) => ({ name: f.title, text: withUnit(f, answer.rows[p.data.row][i + 1]) }))) },
    series: [{
      type: 'wordCloud', shape: 'square', left: 0, top: 0, width: '100%', height: '100%', gridSize: t.size,
      sizeRange: [t.size + 1, Math.max(24, largestSize)],
      // The layout measures with these, for all words alike.
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, fontWeight: 600 }, rotationRange: [0, 0], shrinkToFit: true, drawOutOfBound: false, layoutAnimation: false,
      // Areas, not heights, are as the numbers are.
      data: words.map((w, i) => ({ ...w, value: Math.sqrt(w.weight), textStyle: { color: tone(i) } })),
    }],
  };
}
