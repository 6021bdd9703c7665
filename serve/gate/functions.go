package gate

import "strings"

// functions are those that compute a value from their arguments and from
// nothing else, and from which no statement can learn anything about the
// engine, its files or its settings. What is not here is refused: nobody may
// have looked at it. Left out on purpose: what makes much out of little
// (printf, format, array_resize), what takes the square of its
// arguments' length in time and cannot be broken off (levenshtein), what waits or
// logs, and what takes SQL.
var functions = words(`
	+ - * / // % ^ ** & | ~ << >> || ! !__postfix @
	~~ !~~ ~~* !~~* ~~~ ^@ like_escape ilike_escape not_like_escape not_ilike_escape
	-> ->> @> <@ &&

	abs add ceil ceiling floor round trunc truncate sign sqrt cbrt exp ln log log2 log10 mod fmod pow power gcd lcm
	greatest least nullif coalesce ifnull divide multiply subtract isfinite isinf isnan even round_even
	sin cos tan asin acos atan atan2 cot sinh cosh tanh degrees radians pi bit_count xor

	lower upper lcase ucase length len char_length character_length strlen octet_length bit_length length_grapheme
	trim ltrim rtrim lpad rpad left right substr substring substring_grapheme strpos instr position
	starts_with ends_with prefix suffix contains replace reverse translate split split_part string_split str_split
	concat concat_ws ascii chr ord unicode initcap nfc_normalize strip_accents
	regexp_like regexp_matches regexp_full_match regexp_replace regexp_extract regexp_extract_all regexp_escape
	hamming
	md5 sha256 sha1 hash to_utf8 encode decode hex to_hex from_hex unhex to_base64 base64 from_base64
	format_bytes pg_size_pretty

	year quarter month week day hour minute second millisecond microsecond century decade
	dayofweek dayofmonth dayofyear isodow isoyear weekday weekofyear yearweek day_of_week year_of_week dayname monthname
	date_trunc datetrunc date_part datepart date_diff datediff date_sub datesub date_add last_day last_day_of_month
	age epoch epoch_ms epoch_us to_unixtime from_unixtime to_timestamp make_date make_time make_timestamp
	strftime strptime try_strptime date_format date_parse time_bucket timezone julian era
	to_years to_quarters to_months to_weeks to_days to_hours to_minutes to_seconds to_milliseconds to_microseconds
	now current_date current_timestamp current_localtimestamp get_current_timestamp transaction_timestamp today

	list_value list_pack array_value struct_pack row element_at cardinality slice array_join array_to_string
	list_contains array_contains list_has array_has list_position array_position list_extract list_element list_slice array_slice array_extract
	list_distinct array_distinct list_sort array_sort list_reverse array_length list_unique flatten
	list_count list_sum list_avg list_min list_max list_has_any list_has_all list_concat array_concat
	map map_keys map_values struct_extract
	json_extract json_extract_string json_extract_scalar json_array_length json_valid json_type

	typeof pg_typeof unnest grouping grouping_id random
	string_split_regex list_append string_to_array array_append array_cat
	json_object json_array json_group_object to_json
	postgres_substr postgres_overlay postgres_float_text postgres_string_to_array postgres_number postgres_float_digits postgres_error postgres_midnight repeat
	generate_series
`)

// aggregates stand in SELECT lists and in windows.
var aggregates = words(`
	count count_star count_if countif sum avg mean min max any_value arbitrary first last
	max_by min_by arg_max arg_min arg_max_null arg_min_null
	bool_and bool_or every array_agg list string_agg group_concat listagg map_agg
	stddev stddev_pop stddev_samp variance var_pop var_samp corr covar_pop covar_samp
	regr_slope regr_intercept regr_r2 regr_count skewness kurtosis entropy product
	median mode quantile quantile_cont quantile_disc approx_quantile approx_percentile approx_count_distinct approx_distinct
	bit_and bit_or bit_xor histogram
`)

var windows = words(`
	row_number rank dense_rank rank_dense percent_rank cume_dist ntile lag lead first_value last_value nth_value first last fill
`)

// tableFunctions stand in FROM. They make rows out of nothing but their
// arguments.
var tableFunctions = words(`range generate_series unnest`)

func words(text string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(text) {
		m[w] = true
	}
	return m
}

// qualified reports whether a function is called with a schema that it may be
// called with. The parser puts main where it turns syntax into a function;
// system.main is where the engine's own are, whatever the session has defined
// under their names.
func qualified(n tree) bool {
	switch str(n, "catalog") {
	case "":
		return str(n, "schema") == "" || str(n, "schema") == "main"
	case "system":
		return str(n, "schema") == "main"
	}
	return false
}

func function(n tree) error {
	name := strings.ToLower(str(n, "function_name"))
	known := functions[name] || aggregates[name] || str(n, "class") == "WINDOW" && windows[name]
	if !known || !qualified(n) {
		return noFunction(n)
	}
	return nil
}

func tableFunction(n tree) error {
	name := strings.ToLower(str(n, "function_name"))
	if !tableFunctions[name] || !qualified(n) {
		return refuse(InsufficientPrivilege, "in FROM: tables, subqueries, range, generate_series, unnest", "the table function %s is not allowed", str(n, "function_name"))
	}
	return nil
}

func noFunction(n tree) error {
	name := str(n, "function_name")
	if s := str(n, "schema"); s != "" {
		name = s + "." + name
	}
	return refuse(InsufficientPrivilege, "", "the function %s is not allowed", name)
}
