-- The Trino spelling on DuckDB: one statement each, run one by one at connect.
-- TEMP, so that they live with the connection: nothing of them is stored in a
-- warehouse or published file, and a read-only file can have them too.
-- A macro that carries the name of a built-in overrides it; its body reaches
-- the built-in as system.main.<name>.
-- Source of each meaning: Trino's documentation, "Functions and operators".

-- Text ----------------------------------------------------------------------

-- True where the pattern is found anywhere in the text.
CREATE OR REPLACE TEMP MACRO regexp_like(s, pattern) AS regexp_matches(s, pattern);

-- Every match is replaced; groups are $1 to $9 (the lint holds back the rest of Java's syntax).
CREATE OR REPLACE TEMP MACRO regexp_replace
  (s, pattern) AS system.main.regexp_replace(s, pattern, '', 'g'),
  (s, pattern, replacement) AS system.main.regexp_replace(s, pattern, system.main.regexp_replace(replacement, '\$([0-9])', '\\\1', 'g'), 'g');

-- One NULL makes the whole NULL. Also joins arrays.
CREATE OR REPLACE TEMP MACRO concat
  (a1, a2) AS a1 || a2,
  (a1, a2, a3) AS a1 || a2 || a3,
  (a1, a2, a3, a4) AS a1 || a2 || a3 || a4,
  (a1, a2, a3, a4, a5) AS a1 || a2 || a3 || a4 || a5,
  (a1, a2, a3, a4, a5, a6) AS a1 || a2 || a3 || a4 || a5 || a6,
  (a1, a2, a3, a4, a5, a6, a7) AS a1 || a2 || a3 || a4 || a5 || a6 || a7,
  (a1, a2, a3, a4, a5, a6, a7, a8) AS a1 || a2 || a3 || a4 || a5 || a6 || a7 || a8,
  (a1, a2, a3, a4, a5, a6, a7, a8, a9) AS a1 || a2 || a3 || a4 || a5 || a6 || a7 || a8 || a9,
  (a1, a2, a3, a4, a5, a6, a7, a8, a9, a10) AS a1 || a2 || a3 || a4 || a5 || a6 || a7 || a8 || a9 || a10,
  (a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11) AS a1 || a2 || a3 || a4 || a5 || a6 || a7 || a8 || a9 || a10 || a11,
  (a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12) AS a1 || a2 || a3 || a4 || a5 || a6 || a7 || a8 || a9 || a10 || a11 || a12;

-- NULL past the last field, where DuckDB's own says ''.
CREATE OR REPLACE TEMP MACRO split_part(s, delimiter, n) AS
  CASE WHEN n < 1 THEN error('split_part: the index starts at 1') ELSE string_split(s, delimiter)[n] END;

-- White space is what Java calls so: tabs, line ends and the full-width space too, but no non-breaking one.
CREATE OR REPLACE TEMP MACRO trim
  (s) AS system.main.trim(s, chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(28) || chr(29) || chr(30) || chr(31) || chr(32) || chr(5760) || chr(8192) || chr(8193) || chr(8194) || chr(8195) || chr(8196) || chr(8197) || chr(8198) || chr(8200) || chr(8201) || chr(8202) || chr(8232) || chr(8233) || chr(8287) || chr(12288)),
  (s, chars) AS system.main.trim(s, chars);

CREATE OR REPLACE TEMP MACRO ltrim
  (s) AS system.main.ltrim(s, chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(28) || chr(29) || chr(30) || chr(31) || chr(32) || chr(5760) || chr(8192) || chr(8193) || chr(8194) || chr(8195) || chr(8196) || chr(8197) || chr(8198) || chr(8200) || chr(8201) || chr(8202) || chr(8232) || chr(8233) || chr(8287) || chr(12288)),
  (s, chars) AS system.main.ltrim(s, chars);

CREATE OR REPLACE TEMP MACRO rtrim
  (s) AS system.main.rtrim(s, chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(28) || chr(29) || chr(30) || chr(31) || chr(32) || chr(5760) || chr(8192) || chr(8193) || chr(8194) || chr(8195) || chr(8196) || chr(8197) || chr(8198) || chr(8200) || chr(8201) || chr(8202) || chr(8232) || chr(8233) || chr(8287) || chr(12288)),
  (s, chars) AS system.main.rtrim(s, chars);

-- NULL for what is no scalar, for a JSON null and for text that is no JSON.
CREATE OR REPLACE TEMP MACRO json_extract_scalar(j, path) AS
  CASE WHEN json_valid(j) THEN
    CASE WHEN json_type(j, path) IN ('OBJECT', 'ARRAY') THEN NULL ELSE json_extract_string(j, path) END
  END;

-- Bytes ---------------------------------------------------------------------

CREATE OR REPLACE TEMP MACRO to_utf8(s) AS encode(s);

-- Bytes, where DuckDB's own give hexadecimal text.
CREATE OR REPLACE TEMP MACRO md5(b) AS unhex(system.main.md5(b));

CREATE OR REPLACE TEMP MACRO sha256(b) AS unhex(system.main.sha256(b));

-- Numbers -------------------------------------------------------------------

CREATE OR REPLACE TEMP MACRO truncate(x) AS trunc(x);

-- One NULL makes the whole NULL.
CREATE OR REPLACE TEMP MACRO greatest
  (a1, a2) AS CASE WHEN a1 IS NULL OR a2 IS NULL THEN NULL ELSE system.main.greatest(a1, a2) END,
  (a1, a2, a3) AS CASE WHEN a1 IS NULL OR a2 IS NULL OR a3 IS NULL THEN NULL ELSE system.main.greatest(a1, a2, a3) END,
  (a1, a2, a3, a4) AS CASE WHEN a1 IS NULL OR a2 IS NULL OR a3 IS NULL OR a4 IS NULL THEN NULL ELSE system.main.greatest(a1, a2, a3, a4) END,
  (a1, a2, a3, a4, a5) AS CASE WHEN a1 IS NULL OR a2 IS NULL OR a3 IS NULL OR a4 IS NULL OR a5 IS NULL THEN NULL ELSE system.main.greatest(a1, a2, a3, a4, a5) END,
  (a1, a2, a3, a4, a5, a6) AS CASE WHEN a1 IS NULL OR a2 IS NULL OR a3 IS NULL OR a4 IS NULL OR a5 IS NULL OR a6 IS NULL THEN NULL ELSE system.main.greatest(a1, a2, a3, a4, a5, a6) END,
  (a1, a2, a3, a4, a5, a6, a7) AS CASE WHEN a1 IS NULL OR a2 IS NULL OR a3 IS NULL OR a4 IS NULL OR a5 IS NULL OR a6 IS NULL OR a7 IS NULL THEN NULL ELSE system.main.greatest(a1, a2, a3, a4, a5, a6, a7) END,
  (a1, a2, a3, a4, a5, a6, a7, a8) AS CASE WHEN a1 IS NULL OR a2 IS NULL OR a3 IS NULL OR a4 IS NULL OR a5 IS NULL OR a6 IS NULL OR a7 IS NULL OR a8 IS NULL THEN NULL ELSE system.main.greatest(a1, a2, a3, a4, a5, a6, a7, a8) END;

CREATE OR REPLACE TEMP MACRO least
  (a1, a2) AS CASE WHEN a1 IS NULL OR a2 IS NULL THEN NULL ELSE system.main.least(a1, a2) END,
  (a1, a2, a3) AS CASE WHEN a1 IS NULL OR a2 IS NULL OR a3 IS NULL THEN NULL ELSE system.main.least(a1, a2, a3) END,
  (a1, a2, a3, a4) AS CASE WHEN a1 IS NULL OR a2 IS NULL OR a3 IS NULL OR a4 IS NULL THEN NULL ELSE system.main.least(a1, a2, a3, a4) END,
  (a1, a2, a3, a4, a5) AS CASE WHEN a1 IS NULL OR a2 IS NULL OR a3 IS NULL OR a4 IS NULL OR a5 IS NULL THEN NULL ELSE system.main.least(a1, a2, a3, a4, a5) END,
  (a1, a2, a3, a4, a5, a6) AS CASE WHEN a1 IS NULL OR a2 IS NULL OR a3 IS NULL OR a4 IS NULL OR a5 IS NULL OR a6 IS NULL THEN NULL ELSE system.main.least(a1, a2, a3, a4, a5, a6) END,
  (a1, a2, a3, a4, a5, a6, a7) AS CASE WHEN a1 IS NULL OR a2 IS NULL OR a3 IS NULL OR a4 IS NULL OR a5 IS NULL OR a6 IS NULL OR a7 IS NULL THEN NULL ELSE system.main.least(a1, a2, a3, a4, a5, a6, a7) END,
  (a1, a2, a3, a4, a5, a6, a7, a8) AS CASE WHEN a1 IS NULL OR a2 IS NULL OR a3 IS NULL OR a4 IS NULL OR a5 IS NULL OR a6 IS NULL OR a7 IS NULL OR a8 IS NULL THEN NULL ELSE system.main.least(a1, a2, a3, a4, a5, a6, a7, a8) END;

-- Dates ---------------------------------------------------------------------

-- Full units between, where DuckDB's own counts the boundaries crossed.
CREATE OR REPLACE TEMP MACRO date_diff(part, a, b) AS date_sub(part, a, b);

-- Monday is 1, Sunday 7.
CREATE OR REPLACE TEMP MACRO day_of_week(d) AS isodow(d);

CREATE OR REPLACE TEMP MACRO year_of_week(d) AS isoyear(d);

CREATE OR REPLACE TEMP MACRO last_day_of_month(d) AS last_day(d);

CREATE OR REPLACE TEMP MACRO to_unixtime(ts) AS epoch(ts);

-- To the millisecond, in the session's time zone.
CREATE OR REPLACE TEMP MACRO from_unixtime(seconds) AS to_timestamp(round(CAST(seconds AS DOUBLE) * 1000) / 1000);

-- MySQL's format: %i is the minute, %s the second. The lint keeps to the letters that both know.
CREATE OR REPLACE TEMP MACRO date_format(d, format) AS strftime(d, replace(replace(format, '%i', '%M'), '%s', '%S'));

-- DuckDB wants a format that is constant before macros are expanded, hence one
-- branch for each; dateParseFormats in functions.go is the same list.
CREATE OR REPLACE TEMP MACRO date_parse(s, format) AS
  CASE format
    WHEN '%Y-%m-%d' THEN strptime(s, '%Y-%m-%d')
    WHEN '%Y/%m/%d' THEN strptime(s, '%Y/%m/%d')
    WHEN '%Y%m%d' THEN strptime(s, '%Y%m%d')
    WHEN '%Y-%m-%d %H:%i' THEN strptime(s, '%Y-%m-%d %H:%M')
    WHEN '%Y/%m/%d %H:%i' THEN strptime(s, '%Y/%m/%d %H:%M')
    WHEN '%Y-%m-%d %H:%i:%s' THEN strptime(s, '%Y-%m-%d %H:%M:%S')
    WHEN '%Y/%m/%d %H:%i:%s' THEN strptime(s, '%Y/%m/%d %H:%M:%S')
    WHEN '%Y-%m-%dT%H:%i:%s' THEN strptime(s, '%Y-%m-%dT%H:%M:%S')
    WHEN '%Y%m%d%H%i%s' THEN strptime(s, '%Y%m%d%H%M%S')
    WHEN '%Y年%m月%d日' THEN strptime(s, '%Y年%m月%d日')
    ELSE error('date_parse: unknown format ' || format)
  END;

-- Arrays and maps -----------------------------------------------------------

-- NULL for an index or a key that is not there; a negative index counts from the end.
CREATE OR REPLACE TEMP MACRO element_at(x, key) AS x[key];

-- Of an array; a map's is cardinality(map_keys(m)).
CREATE OR REPLACE TEMP MACRO cardinality(x) AS len(x);

-- NULL where the element is not found but the array has a NULL.
CREATE OR REPLACE TEMP MACRO contains(x, element) AS
  CASE WHEN list_contains(x, element) THEN true WHEN list_count(x) < len(x) THEN NULL ELSE list_contains(x, element) END;

-- Empty where it starts outside of the array, on either side.
CREATE OR REPLACE TEMP MACRO slice(x, start, length) AS
  CASE
    WHEN start = 0 THEN error('slice: the index starts at 1')
    WHEN length < 0 THEN error('slice: the length is negative')
    WHEN start > 0 THEN list_slice(x, start, start + length - 1)
    WHEN len(x) + start < 0 THEN list_slice(x, 1, 0)
    ELSE list_slice(x, len(x) + start + 1, len(x) + start + length)
  END;

-- Counts down where start is above stop; a third argument is the step, and may be an interval between dates.
CREATE OR REPLACE TEMP MACRO sequence
  (start, stop) AS generate_series(start, stop, CASE WHEN start > stop THEN -1 ELSE 1 END),
  (start, stop, step) AS generate_series(start, stop, step);

-- NULLs are left out, or written as the third argument.
CREATE OR REPLACE TEMP MACRO array_join
  (x, delimiter) AS CASE WHEN x IS NULL THEN NULL ELSE coalesce(array_to_string(x, delimiter), '') END,
  (x, delimiter, null_replacement) AS CASE WHEN x IS NULL THEN NULL ELSE
    coalesce(array_to_string(list_transform(x, lambda e: coalesce(CAST(e AS VARCHAR), null_replacement)), delimiter), '') END;

-- Aggregates ----------------------------------------------------------------

-- Exact, so that a rebuild gives the same: an estimate with an error of 0.
CREATE OR REPLACE TEMP MACRO approx_distinct(x) AS count(DISTINCT x);

-- Exact, and always one of the values.
CREATE OR REPLACE TEMP MACRO approx_percentile(x, percentage) AS quantile_disc(x, percentage);

CREATE OR REPLACE TEMP MACRO every(x) AS bool_and(x);

-- The row with the largest y decides, also where its x is NULL (DuckDB's own skips it).
CREATE OR REPLACE TEMP MACRO max_by(x, y) AS arg_max_null(x, y);

CREATE OR REPLACE TEMP MACRO min_by(x, y) AS arg_min_null(x, y);

-- Rows with a NULL key are left out; a key that comes twice is an error (Trino keeps an arbitrary one).
CREATE OR REPLACE TEMP MACRO map_agg(key, value) AS
  CASE WHEN count(key) > 0 THEN map(array_agg(key) FILTER (WHERE key IS NOT NULL), array_agg(value) FILTER (WHERE key IS NOT NULL)) END;
