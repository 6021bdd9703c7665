SELECT * FROM ads.congress_issue ci ORDER BY ci.id LIMIT 200 OFFSET 0;
SELECT ci.* FROM ads.congress_issue ci WHERE ci.title ILIKE '%BUS%';
SELECT count(*) FROM (SELECT * FROM ads.congress_issue) dbvrcnt;
SELECT DISTINCT ci.category, count(1) FROM ads.congress_issue ci GROUP BY ci.category ORDER BY count(1) DESC, 1;
select x.* from ads.congress_issue x where x."day" = '2026-01-05' and x.people = 7
