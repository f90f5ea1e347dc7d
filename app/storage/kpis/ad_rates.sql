-- name: rates
-- The rate of each pair of currencies: of the latest day up to the wanted one that has any, at most a week before it. The pair as
-- it is goes before its reverse, TTM before other kinds.
SELECT DISTINCT ON (w.number) w.number, r.date, r.source_currency, r.target_currency, r.kind, r.rate
FROM unnest($1::int[], $2::text[], $3::text[], $4::date[]) AS w (number, source, target, day)
JOIN exchange_rates r
    ON r.date BETWEEN w.day - 7 AND w.day
    AND (r.source_currency, r.target_currency) IN ((w.source, w.target), (w.target, w.source))
ORDER BY w.number, r.date DESC, (r.source_currency = w.source) DESC, (r.kind = 'TTM') DESC, r.kind;
