-- What PostgreSQL's functions do where the engine has none that does it. One
-- statement each, run at connect, like the macros of the models' SQL.

CREATE OR REPLACE TEMP MACRO postgres_substr
  (s, start) AS system.main.substr(s, CAST(system.main.greatest(start, 1) AS BIGINT)),
  (s, start, length) AS CASE WHEN length < 0 THEN error('negative substring length not allowed')
    ELSE system.main.substr(s, CAST(system.main.greatest(start, 1) AS BIGINT), CAST(system.main.greatest(CASE WHEN start < 1 THEN length + start - 1 ELSE length END, 0) AS BIGINT)) END;

CREATE OR REPLACE TEMP MACRO postgres_overlay(s, inserted, start, length) AS
  CASE WHEN start < 1 THEN error('negative substring length not allowed')
  ELSE system.main.left(s, start - 1) || inserted || system.main.substr(s, start + length) END;

-- A floating-point number that is whole has no point.
CREATE OR REPLACE TEMP MACRO postgres_float_text(x) AS
  CASE CAST(x AS VARCHAR) WHEN 'inf' THEN 'Infinity' WHEN '-inf' THEN '-Infinity' WHEN 'nan' THEN 'NaN' WHEN '-nan' THEN 'NaN'
  ELSE system.main.regexp_replace(CAST(x AS VARCHAR), '\.0$', '') END;

-- '' has no elements.
CREATE OR REPLACE TEMP MACRO postgres_string_to_array(s, delimiter) AS
  CASE WHEN s = '' THEN CAST([] AS VARCHAR[]) WHEN delimiter = '' THEN [s] ELSE string_split(s, delimiter) END;

-- The digits of a number before the point, of those that are not there zeros up
-- to least; none of 0 where digits follow.
CREATE OR REPLACE TEMP MACRO postgres_digits(d, least, scale) AS
  CASE WHEN least = 0 AND scale > 0 AND abs(d) < 1 THEN ''
  ELSE system.main.lpad(system.main.split_part(CAST(abs(d) AS VARCHAR), '.', 1), CAST(system.main.greatest(least, length(system.main.split_part(CAST(abs(d) AS VARCHAR), '.', 1))) AS INTEGER), '0') END;

CREATE OR REPLACE TEMP MACRO postgres_grouped(digits, grouped) AS
  CASE WHEN grouped THEN reverse(system.main.rtrim(system.main.regexp_replace(reverse(digits), '(.{3})', '\1,', 'g'), ',')) ELSE digits END;

-- With # in the place of each digit where there are too many.
CREATE OR REPLACE TEMP MACRO postgres_whole(d, positions, least, scale, grouped) AS
  CASE WHEN d < 0 THEN '-' ELSE '' END || postgres_grouped(
    CASE WHEN length(postgres_digits(d, least, scale)) > positions THEN system.main.rpad('', positions, '#') ELSE postgres_digits(d, least, scale) END, grouped);

-- Behind the point; kept is how many digits stay where they are zeros.
CREATE OR REPLACE TEMP MACRO postgres_fraction(d, positions, least, scale, kept) AS
  CASE WHEN scale = 0 THEN ''
  WHEN length(postgres_digits(d, least, scale)) > positions THEN '.' || system.main.rpad('', scale, '#')
  ELSE '.' || system.main.rpad(system.main.rtrim(system.main.split_part(CAST(abs(d) AS VARCHAR), '.', 2), '0'),
    CAST(system.main.greatest(kept, length(system.main.rtrim(system.main.split_part(CAST(abs(d) AS VARCHAR), '.', 2), '0'))) AS INTEGER), '0') END;

-- to_char of a number that is rounded to its scale. width is that of the digits
-- before the point with their sign; filled: without blanks.
CREATE OR REPLACE TEMP MACRO postgres_number(d, positions, least, scale, kept, grouped, filled, width) AS
  CASE WHEN filled THEN postgres_whole(d, positions, least, scale, grouped)
  ELSE system.main.lpad(postgres_whole(d, positions, least, scale, grouped), width, ' ') END || postgres_fraction(d, positions, least, scale, kept);

-- A floating-point number rounded as C does, to the even one of two neighbours.
CREATE OR REPLACE TEMP MACRO postgres_float_digits(x, digits) AS printf('%.' || digits || 'f', CAST(x AS DOUBLE));

CREATE OR REPLACE TEMP MACRO postgres_error(message) AS error(message);

-- The moment at which a day begins in Shanghai. China has had no summer time
-- since 1991; asking the table of time zones for every row takes longer than
-- all the rest.
CREATE OR REPLACE TEMP MACRO postgres_midnight(day) AS
  CASE WHEN CAST(day AS DATE) BETWEEN DATE '1992-01-01' AND DATE '9999-12-31' THEN to_timestamp(epoch(CAST(day AS DATE)) - 28800)
  ELSE timezone('Asia/Shanghai', CAST(day AS TIMESTAMP)) END;
