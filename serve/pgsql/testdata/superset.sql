SELECT DATE_TRUNC('day', day) AS __timestamp, category AS category, COUNT(*) AS count FROM ads.congress_issue WHERE day >= TO_DATE('2026-01-01', 'YYYY-MM-DD') AND day < TO_DATE('2026-03-01', 'YYYY-MM-DD') GROUP BY DATE_TRUNC('day', day), category ORDER BY count DESC, 1, 2 LIMIT 10000;
SELECT DATE_TRUNC('month', moment) AS __timestamp, SUM(people) AS "SUM(people)" FROM ads.congress_issue WHERE moment >= TO_TIMESTAMP('2026-01-01 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US') GROUP BY DATE_TRUNC('month', moment) ORDER BY 1 LIMIT 50000;
SELECT category AS category, AVG(heat) AS "AVG(heat)", SUM(people)/COUNT(*) AS ratio FROM ads.congress_issue WHERE id < 6 GROUP BY category ORDER BY "AVG(heat)" DESC LIMIT 100;
SELECT COUNT(*) AS rowcount FROM (SELECT * FROM ads.congress_issue LIMIT 1000) AS virtual_table;
SELECT region_code AS region_code, COUNT(DISTINCT category) AS "COUNT_DISTINCT(category)" FROM (SELECT * FROM ads.congress_issue WHERE open) AS virtual_table GROUP BY region_code ORDER BY "COUNT_DISTINCT(category)" DESC, region_code LIMIT 10000;
SELECT * FROM ads.congress_issue ORDER BY id LIMIT 1001;
SELECT category, sum(people) AS m, sum(sum(people)) OVER () AS total FROM ads.congress_issue GROUP BY category ORDER BY m DESC
