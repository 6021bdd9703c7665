SELECT day AS "time", sum(people) AS people FROM ads.congress_issue WHERE day BETWEEN '2026-01-01T00:00:00Z' AND '2026-03-31T00:00:00Z' GROUP BY 1 ORDER BY 1;
SELECT floor(extract(epoch from moment)/3600)*3600 AS "time", count(*) AS "n" FROM ads.congress_issue WHERE moment IS NOT NULL GROUP BY 1 ORDER BY 1;
SELECT moment AS "time", title AS metric, heat AS value FROM ads.congress_issue WHERE moment BETWEEN '2025-12-01T00:00:00Z' AND '2026-12-31T00:00:00Z' ORDER BY moment;
SELECT DISTINCT category AS __text, category AS __value FROM ads.congress_issue WHERE category <> '' ORDER BY 1;
SELECT title AS text, day AS time, category AS tags FROM ads.congress_issue ORDER BY id LIMIT 100;
SELECT region_code, "people" FROM "ads"."congress_issue" ORDER BY "people" DESC NULLS LAST LIMIT 50;
SELECT AVG(people) AS "avg", category FROM ads.congress_issue GROUP BY category ORDER BY category LIMIT 50;
SELECT COUNT(id), region_code FROM ads.congress_issue WHERE region_code IN ('339921001', '339921002') GROUP BY region_code ORDER BY region_code LIMIT 50;
SELECT extract(epoch from day) AS "time", count(*) FROM ads.congress_issue WHERE extract(epoch from day) >= 1767225600 GROUP BY 1 ORDER BY 1
