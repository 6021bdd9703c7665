-- What PostgreSQL's catalogue is to clients: its relations, as far as clients
-- ask for them, and its functions. They are filled with one account's tables.

CREATE SCHEMA cat;
CREATE SCHEMA info;

CREATE TABLE cat.pg_namespace (oid BIGINT, nspname VARCHAR, nspowner BIGINT, nspacl VARCHAR[]);
CREATE TABLE cat.pg_class (
  oid BIGINT, relname VARCHAR, relnamespace BIGINT, reltype BIGINT, reloftype BIGINT, relowner BIGINT, relam BIGINT,
  relfilenode BIGINT, reltablespace BIGINT, relpages INTEGER, reltuples FLOAT, relallvisible INTEGER, reltoastrelid BIGINT,
  relhasindex BOOLEAN, relisshared BOOLEAN, relpersistence VARCHAR, relkind VARCHAR, relnatts SMALLINT, relchecks SMALLINT,
  relhasrules BOOLEAN, relhastriggers BOOLEAN, relhassubclass BOOLEAN, relrowsecurity BOOLEAN, relforcerowsecurity BOOLEAN,
  relispopulated BOOLEAN, relreplident VARCHAR, relispartition BOOLEAN, relrewrite BIGINT, relfrozenxid BIGINT, relminmxid BIGINT,
  relacl VARCHAR[], reloptions VARCHAR[], relpartbound VARCHAR, xmin BIGINT, relhasoids BOOLEAN);
CREATE TABLE cat.pg_attribute (
  attrelid BIGINT, attname VARCHAR, atttypid BIGINT, attstattarget INTEGER, attlen SMALLINT, attnum SMALLINT, attndims INTEGER,
  attcacheoff INTEGER, atttypmod INTEGER, attbyval BOOLEAN, attalign VARCHAR, attstorage VARCHAR, attcompression VARCHAR,
  attnotnull BOOLEAN, atthasdef BOOLEAN, atthasmissing BOOLEAN, attidentity VARCHAR, attgenerated VARCHAR, attisdropped BOOLEAN,
  attislocal BOOLEAN, attinhcount INTEGER, attcollation BIGINT, attacl VARCHAR[], attoptions VARCHAR[], attfdwoptions VARCHAR[],
  attmissingval VARCHAR, xmin BIGINT);
CREATE TABLE cat.pg_type (
  oid BIGINT, typname VARCHAR, typnamespace BIGINT, typowner BIGINT, typlen SMALLINT, typbyval BOOLEAN, typtype VARCHAR,
  typcategory VARCHAR, typispreferred BOOLEAN, typisdefined BOOLEAN, typdelim VARCHAR, typrelid BIGINT, typsubscript VARCHAR,
  typelem BIGINT, typarray BIGINT, typinput VARCHAR, typoutput VARCHAR, typreceive VARCHAR, typsend VARCHAR, typmodin VARCHAR,
  typmodout VARCHAR, typanalyze VARCHAR, typalign VARCHAR, typstorage VARCHAR, typnotnull BOOLEAN, typbasetype BIGINT,
  typtypmod INTEGER, typndims INTEGER, typcollation BIGINT, typdefaultbin VARCHAR, typdefault VARCHAR, typacl VARCHAR[], xmin BIGINT);
CREATE TABLE cat.pg_database (
  oid BIGINT, datname VARCHAR, datdba BIGINT, encoding INTEGER, datlocprovider VARCHAR, datistemplate BOOLEAN, datallowconn BOOLEAN,
  datconnlimit INTEGER, datfrozenxid BIGINT, datminmxid BIGINT, dattablespace BIGINT, datcollate VARCHAR, datctype VARCHAR,
  daticulocale VARCHAR, daticurules VARCHAR, datlocale VARCHAR, datcollversion VARCHAR, datacl VARCHAR[], xmin BIGINT);
CREATE TABLE cat.pg_roles (
  oid BIGINT, rolname VARCHAR, rolsuper BOOLEAN, rolinherit BOOLEAN, rolcreaterole BOOLEAN, rolcreatedb BOOLEAN,
  rolcanlogin BOOLEAN, rolreplication BOOLEAN, rolconnlimit INTEGER, rolpassword VARCHAR, rolvaliduntil TIMESTAMP WITH TIME ZONE,
  rolbypassrls BOOLEAN, rolconfig VARCHAR[]);
CREATE TABLE cat.pg_description (objoid BIGINT, classoid BIGINT, objsubid INTEGER, description VARCHAR);
CREATE TABLE cat.pg_constraint (
  oid BIGINT, conname VARCHAR, connamespace BIGINT, contype VARCHAR, condeferrable BOOLEAN, condeferred BOOLEAN,
  convalidated BOOLEAN, conrelid BIGINT, contypid BIGINT, conindid BIGINT, conparentid BIGINT, confrelid BIGINT,
  confupdtype VARCHAR, confdeltype VARCHAR, confmatchtype VARCHAR, conislocal BOOLEAN, coninhcount INTEGER,
  connoinherit BOOLEAN, conkey SMALLINT[], confkey SMALLINT[], conexclop BIGINT[], conbin VARCHAR, xmin BIGINT, tableoid BIGINT);
CREATE TABLE cat.pg_index (
  indexrelid BIGINT, indrelid BIGINT, indnatts SMALLINT, indnkeyatts SMALLINT, indisunique BOOLEAN, indnullsnotdistinct BOOLEAN,
  indisprimary BOOLEAN, indisexclusion BOOLEAN, indimmediate BOOLEAN, indisclustered BOOLEAN, indisvalid BOOLEAN,
  indcheckxmin BOOLEAN, indisready BOOLEAN, indislive BOOLEAN, indisreplident BOOLEAN, indkey SMALLINT[], indcollation BIGINT[],
  indclass BIGINT[], indoption SMALLINT[], indexprs VARCHAR, indpred VARCHAR);
CREATE TABLE cat.pg_am (oid BIGINT, amname VARCHAR, amhandler VARCHAR, amtype VARCHAR);
CREATE TABLE cat.pg_settings (name VARCHAR, setting VARCHAR, unit VARCHAR, category VARCHAR, short_desc VARCHAR, extra_desc VARCHAR,
  context VARCHAR, vartype VARCHAR, source VARCHAR, min_val VARCHAR, max_val VARCHAR, enumvals VARCHAR[], boot_val VARCHAR,
  reset_val VARCHAR, pending_restart BOOLEAN);

-- What there is none of here, and clients ask for.
CREATE TABLE cat.pg_attrdef (oid BIGINT, adrelid BIGINT, adnum SMALLINT, adbin VARCHAR);
CREATE TABLE cat.pg_auth_members (oid BIGINT, roleid BIGINT, member BIGINT, grantor BIGINT, admin_option BOOLEAN);
CREATE TABLE cat.pg_authid (oid BIGINT, rolname VARCHAR);
CREATE TABLE cat.pg_cast (oid BIGINT, castsource BIGINT, casttarget BIGINT, castfunc BIGINT, castcontext VARCHAR, castmethod VARCHAR);
CREATE TABLE cat.pg_collation (oid BIGINT, collname VARCHAR, collnamespace BIGINT, collowner BIGINT, collprovider VARCHAR, collencoding INTEGER, collcollate VARCHAR, collctype VARCHAR, xmin BIGINT);
CREATE TABLE cat.pg_default_acl (oid BIGINT, defaclrole BIGINT, defaclnamespace BIGINT, defaclobjtype VARCHAR, defaclacl VARCHAR[]);
CREATE TABLE cat.pg_depend (classid BIGINT, objid BIGINT, objsubid INTEGER, refclassid BIGINT, refobjid BIGINT, refobjsubid INTEGER, deptype VARCHAR);
CREATE TABLE cat.pg_enum (oid BIGINT, enumtypid BIGINT, enumsortorder FLOAT, enumlabel VARCHAR);
CREATE TABLE cat.pg_event_trigger (oid BIGINT, evtname VARCHAR, evtevent VARCHAR, evtowner BIGINT, evtfoid BIGINT, evtenabled VARCHAR, evttags VARCHAR[]);
CREATE TABLE cat.pg_extension (oid BIGINT, extname VARCHAR, extowner BIGINT, extnamespace BIGINT, extrelocatable BOOLEAN, extversion VARCHAR, extconfig BIGINT[], extcondition VARCHAR[], xmin BIGINT);
CREATE TABLE cat.pg_available_extensions (name VARCHAR, default_version VARCHAR, installed_version VARCHAR, comment VARCHAR);
CREATE TABLE cat.pg_foreign_data_wrapper (oid BIGINT, fdwname VARCHAR, fdwowner BIGINT);
CREATE TABLE cat.pg_foreign_server (oid BIGINT, srvname VARCHAR, srvowner BIGINT, srvfdw BIGINT, srvtype VARCHAR, srvversion VARCHAR, srvacl VARCHAR[], srvoptions VARCHAR[]);
CREATE TABLE cat.pg_foreign_table (ftrelid BIGINT, ftserver BIGINT, ftoptions VARCHAR[]);
CREATE TABLE cat.pg_indexes (schemaname VARCHAR, tablename VARCHAR, indexname VARCHAR, tablespace VARCHAR, indexdef VARCHAR);
CREATE TABLE cat.pg_inherits (inhrelid BIGINT, inhparent BIGINT, inhseqno INTEGER, inhdetachpending BOOLEAN);
CREATE TABLE cat.pg_language (oid BIGINT, lanname VARCHAR, lanowner BIGINT, lanispl BOOLEAN, lanpltrusted BOOLEAN, xmin BIGINT);
CREATE TABLE cat.pg_largeobject_metadata (oid BIGINT, lomowner BIGINT, lomacl VARCHAR[]);
CREATE TABLE cat.pg_locks (locktype VARCHAR, "database" BIGINT, relation BIGINT, transactionid BIGINT, pid INTEGER, mode VARCHAR, granted BOOLEAN);
CREATE TABLE cat.pg_matviews (schemaname VARCHAR, matviewname VARCHAR, matviewowner VARCHAR, tablespace VARCHAR, hasindexes BOOLEAN, ispopulated BOOLEAN, definition VARCHAR);
CREATE TABLE cat.pg_opclass (oid BIGINT, opcmethod BIGINT, opcname VARCHAR, opcnamespace BIGINT, opcowner BIGINT, opcfamily BIGINT, opcintype BIGINT, opcdefault BOOLEAN, opckeytype BIGINT, tableoid BIGINT);
CREATE TABLE cat.pg_opfamily (oid BIGINT, opfmethod BIGINT, opfname VARCHAR, opfnamespace BIGINT, opfowner BIGINT, tableoid BIGINT);
CREATE TABLE cat.pg_operator (oid BIGINT, oprname VARCHAR, oprnamespace BIGINT);
CREATE TABLE cat.pg_partitioned_table (partrelid BIGINT, partstrat VARCHAR, partnatts SMALLINT, partdefid BIGINT, partattrs SMALLINT[], partexprs VARCHAR);
CREATE TABLE cat.pg_policy (oid BIGINT, polname VARCHAR, polrelid BIGINT, polcmd VARCHAR, polpermissive BOOLEAN, polroles BIGINT[], polqual VARCHAR, polwithcheck VARCHAR);
CREATE TABLE cat.pg_proc (oid BIGINT, proname VARCHAR, pronamespace BIGINT, proowner BIGINT, prolang BIGINT, prokind VARCHAR, provolatile VARCHAR, proparallel VARCHAR, prosecdef BOOLEAN, proacl VARCHAR[], prosrc VARCHAR, proretset BOOLEAN, prorettype BIGINT, proargtypes BIGINT[], proallargtypes BIGINT[], proargmodes VARCHAR[], proargnames VARCHAR[], pronargs SMALLINT, proisagg BOOLEAN, xmin BIGINT);
CREATE TABLE cat.pg_publication (oid BIGINT, pubname VARCHAR, pubowner BIGINT, puballtables BOOLEAN);
CREATE TABLE cat.pg_publication_namespace (oid BIGINT, pnpubid BIGINT, pnnspid BIGINT);
CREATE TABLE cat.pg_publication_rel (oid BIGINT, prpubid BIGINT, prrelid BIGINT, prqual VARCHAR, prattrs SMALLINT[]);
CREATE TABLE cat.pg_range (rngtypid BIGINT, rngsubtype BIGINT, rngmultitypid BIGINT, rngcollation BIGINT);
CREATE TABLE cat.pg_rewrite (oid BIGINT, rulename VARCHAR, ev_class BIGINT, ev_type VARCHAR, ev_enabled VARCHAR, is_instead BOOLEAN, tableoid BIGINT);
CREATE TABLE cat.pg_seclabel (objoid BIGINT, classoid BIGINT, objsubid INTEGER, provider VARCHAR, label VARCHAR);
CREATE TABLE cat.pg_sequence (seqrelid BIGINT, seqtypid BIGINT, seqstart BIGINT, seqincrement BIGINT, seqmax BIGINT, seqmin BIGINT, seqcache BIGINT, seqcycle BOOLEAN);
CREATE TABLE cat.pg_sequences (schemaname VARCHAR, sequencename VARCHAR);
CREATE TABLE cat.pg_shdescription (objoid BIGINT, classoid BIGINT, description VARCHAR);
CREATE TABLE cat.pg_stat_activity (datid BIGINT, datname VARCHAR, pid INTEGER, usename VARCHAR, application_name VARCHAR, state VARCHAR, query VARCHAR);
CREATE TABLE cat.pg_stat_user_tables (relid BIGINT, schemaname VARCHAR, relname VARCHAR, seq_scan BIGINT, n_live_tup BIGINT, n_dead_tup BIGINT);
CREATE TABLE cat.pg_statistic_ext (oid BIGINT, stxrelid BIGINT, stxname VARCHAR, stxnamespace BIGINT, stxkind VARCHAR[], stxstattarget INTEGER);
CREATE TABLE cat.pg_subscription (oid BIGINT, subname VARCHAR, subdbid BIGINT, subowner BIGINT);
CREATE TABLE cat.pg_tablespace (oid BIGINT, spcname VARCHAR, spcowner BIGINT, spcacl VARCHAR[], spcoptions VARCHAR[], xmin BIGINT);
CREATE TABLE cat.pg_trigger (oid BIGINT, tgrelid BIGINT, tgparentid BIGINT, tgname VARCHAR, tgfoid BIGINT, tgtype SMALLINT, tgenabled VARCHAR, tgisinternal BOOLEAN, tgconstrrelid BIGINT, tgconstrindid BIGINT, tgconstraint BIGINT, tgdeferrable BOOLEAN, tginitdeferred BOOLEAN, tgnargs SMALLINT, tgattr SMALLINT[], tgargs VARCHAR, tgqual VARCHAR, xmin BIGINT, tableoid BIGINT);
CREATE TABLE cat.pg_views (schemaname VARCHAR, viewname VARCHAR, viewowner VARCHAR, definition VARCHAR);

CREATE MACRO pg_get_userbyid(o) AS 'zhicang';
CREATE MACRO quote_ident(s) AS CASE WHEN regexp_full_match(s, '[a-z_][a-z0-9_$]*') THEN s ELSE '"' || replace(s, '"', '""') || '"' END;
CREATE MACRO quote_literal(s) AS '''' || replace(s, '''', '''''') || '''';
CREATE MACRO zhicang_format_one(f, a) AS regexp_replace(f, '%[sIL]', CASE regexp_extract(f, '%[sIL]') WHEN '%I' THEN quote_ident(a) WHEN '%L' THEN quote_literal(a) ELSE coalesce(a, '') END);
CREATE MACRO zhicang_format(f, a) AS zhicang_format_one(f, a), (f, a, b) AS zhicang_format_one(zhicang_format_one(f, a), b);
CREATE MACRO parse_ident(s) AS list_transform(regexp_extract_all(s, '"(?:[^"]|"")*"|[^."]+'), p -> CASE WHEN starts_with(p, '"') THEN replace(p[2:len(p) - 1], '""', '"') ELSE lower(p) END);
CREATE MACRO array_upper(a, d) AS CASE WHEN d = 1 AND len(a) > 0 THEN len(a) END;
CREATE MACRO array_lower(a, d) AS CASE WHEN d = 1 AND len(a) > 0 THEN 1 END;
CREATE MACRO current_schema() AS 'public';
CREATE MACRO current_schemas(implicit) AS CASE WHEN implicit THEN ['pg_catalog', 'public'] ELSE ['public'] END;
CREATE MACRO current_database() AS 'zhicang';
CREATE MACRO pg_my_temp_schema() AS CAST(0 AS BIGINT);
CREATE MACRO pg_is_other_temp_schema(o) AS false;
CREATE MACRO pg_is_in_recovery() AS false;
CREATE MACRO pg_backend_pid() AS 1;
CREATE MACRO pg_postmaster_start_time() AS CAST(NULL AS TIMESTAMP WITH TIME ZONE);
CREATE MACRO txid_current() AS CAST(1 AS BIGINT);
CREATE MACRO inet_server_addr() AS CAST(NULL AS VARCHAR);
CREATE MACRO inet_server_port() AS CAST(NULL AS INTEGER);
CREATE MACRO inet_client_addr() AS CAST(NULL AS VARCHAR);
CREATE MACRO inet_client_port() AS CAST(NULL AS INTEGER);
CREATE MACRO pg_table_is_visible(o) AS o IS NOT NULL;
CREATE MACRO pg_type_is_visible(o) AS o IS NOT NULL;
CREATE MACRO pg_function_is_visible(o) AS o IS NOT NULL;
CREATE MACRO pg_collation_is_visible(o) AS o IS NOT NULL;
CREATE MACRO pg_opclass_is_visible(o) AS o IS NOT NULL;
CREATE MACRO pg_opfamily_is_visible(o) AS o IS NOT NULL;
CREATE MACRO pg_operator_is_visible(o) AS o IS NOT NULL;
CREATE MACRO pg_conversion_is_visible(o) AS o IS NOT NULL;
CREATE MACRO pg_statistics_obj_is_visible(o) AS o IS NOT NULL;
CREATE MACRO pg_relation_is_publishable(o) AS false;
CREATE MACRO pg_encoding_to_char(e) AS 'UTF8';
CREATE MACRO pg_get_expr(a, b) AS CAST(a AS VARCHAR), (a, b, c) AS CAST(a AS VARCHAR);
CREATE MACRO pg_get_viewdef(a) AS '', (a, b) AS '';
CREATE MACRO pg_get_ruledef(a) AS '', (a, b) AS '';
CREATE MACRO pg_get_triggerdef(a) AS '', (a, b) AS '';
CREATE MACRO pg_get_functiondef(a) AS '';
CREATE MACRO pg_get_function_result(a) AS '';
CREATE MACRO pg_get_function_arguments(a) AS '';
CREATE MACRO pg_get_function_identity_arguments(a) AS '';
CREATE MACRO pg_get_function_sqlbody(a) AS '';
CREATE MACRO pg_get_statisticsobjdef_columns(a) AS '';
CREATE MACRO pg_get_serial_sequence(a, b) AS CAST(NULL AS VARCHAR);
CREATE MACRO pg_get_partkeydef(a) AS CAST(NULL AS VARCHAR);
CREATE MACRO pg_get_keywords() AS TABLE SELECT 'select' AS word, 'R' AS catcode, 'reserved' AS catdesc;
CREATE MACRO pg_tablespace_location(a) AS '';
CREATE MACRO pg_relation_size(a) AS CAST(0 AS BIGINT), (a, b) AS CAST(0 AS BIGINT);
CREATE MACRO pg_total_relation_size(a) AS CAST(0 AS BIGINT);
CREATE MACRO pg_table_size(a) AS CAST(0 AS BIGINT);
CREATE MACRO pg_indexes_size(a) AS CAST(0 AS BIGINT);
CREATE MACRO pg_database_size(a) AS CAST(0 AS BIGINT);
CREATE MACRO pg_size_pretty(a) AS CAST(a AS VARCHAR) || ' bytes';
CREATE MACRO pg_stat_get_numscans(a) AS CAST(0 AS BIGINT);
CREATE MACRO has_schema_privilege(a, b) AS true, (a, b, c) AS true;
CREATE MACRO has_table_privilege(a, b) AS upper(b) LIKE '%SELECT%', (a, b, c) AS upper(c) LIKE '%SELECT%';
CREATE MACRO has_any_column_privilege(a, b) AS upper(b) LIKE '%SELECT%', (a, b, c) AS upper(c) LIKE '%SELECT%';
CREATE MACRO has_column_privilege(a, b, c) AS upper(c) LIKE '%SELECT%', (a, b, c, d) AS upper(d) LIKE '%SELECT%';
CREATE MACRO has_database_privilege(a, b) AS upper(b) LIKE '%CONNECT%', (a, b, c) AS upper(c) LIKE '%CONNECT%';
CREATE MACRO pg_has_role(a, b) AS true, (a, b, c) AS true;
CREATE MACRO set_config(a, b, c) AS b;
CREATE MACRO col_description(o, n) AS (SELECT max(description) FROM cat.pg_description WHERE objoid = o AND objsubid = n);
CREATE MACRO obj_description(o) AS (SELECT max(description) FROM cat.pg_description WHERE objoid = o AND objsubid = 0),
  (o, c) AS (SELECT max(description) FROM cat.pg_description WHERE objoid = o AND objsubid = 0);
CREATE MACRO shobj_description(o, c) AS CAST(NULL AS VARCHAR);
CREATE MACRO _pg_expandarray(a) AS unnest(list_transform(range(1, len(a) + 1), i -> {'x': a[i], 'n': CAST(i AS INTEGER)}));
CREATE MACRO zhicang_type_name(o) AS (SELECT max(typname) FROM cat.pg_type WHERE oid = o);
CREATE MACRO format_type(o, m) AS CASE
  WHEN o IS NULL THEN NULL
  WHEN o = 1700 AND m > 4 THEN 'numeric(' || ((m - 4) >> 16) || ',' || ((m - 4) & 65535) || ')'
  ELSE coalesce(map {
    16: 'boolean', 20: 'bigint', 21: 'smallint', 23: 'integer', 700: 'real', 701: 'double precision', 1043: 'character varying',
    1042: 'character', 1083: 'time without time zone', 1114: 'timestamp without time zone', 1184: 'timestamp with time zone', 18: '"char"'
  }[CAST(o AS INTEGER)], CASE WHEN starts_with(zhicang_type_name(o), '_')
    THEN coalesce(map {1000: 'boolean', 1005: 'smallint', 1007: 'integer', 1016: 'bigint', 1021: 'real', 1022: 'double precision',
      1115: 'timestamp without time zone', 1185: 'timestamp with time zone'}[CAST(o AS INTEGER)], zhicang_type_name(o)[2:]) || '[]'
    ELSE zhicang_type_name(o) END, '???') END;
CREATE MACRO zhicang_class_oid(s) AS coalesce(TRY_CAST(s AS BIGINT),
  (SELECT max(c.oid) FROM cat.pg_class c JOIN cat.pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname || '.' || c.relname = replace(s, '"', '') OR c.relname = replace(s, '"', '')));
CREATE MACRO to_regclass(s) AS zhicang_class_oid(s);
CREATE MACRO zhicang_class_name(o) AS coalesce((SELECT max(CASE WHEN n.nspname IN ('public', 'pg_catalog') THEN '' ELSE quote_ident(n.nspname) || '.' END || quote_ident(c.relname))
  FROM cat.pg_class c JOIN cat.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = TRY_CAST(o AS BIGINT)), CAST(o AS VARCHAR));
CREATE MACRO zhicang_type_oid(s) AS coalesce(TRY_CAST(s AS BIGINT),
  (SELECT max(oid) FROM cat.pg_type WHERE typname = replace(replace(lower(s), 'pg_catalog.', ''), '"', '') OR format_type(oid, NULL) = lower(s)));
CREATE MACRO to_regtype(s) AS zhicang_type_oid(s);
CREATE MACRO zhicang_type_text(o) AS format_type(TRY_CAST(o AS BIGINT), NULL);
CREATE MACRO zhicang_schema_name(o) AS coalesce((SELECT max(nspname) FROM cat.pg_namespace WHERE oid = TRY_CAST(o AS BIGINT)), CAST(o AS VARCHAR));
CREATE MACRO zhicang_schema_oid(s) AS (SELECT max(oid) FROM cat.pg_namespace WHERE nspname = replace(s, '"', ''));
CREATE MACRO zhicang_keys(rel, nums) AS (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY list_position(nums, a.attnum)) FROM cat.pg_attribute a WHERE a.attrelid = rel AND list_contains(nums, a.attnum));
CREATE MACRO pg_get_constraintdef(o) AS (SELECT max('PRIMARY KEY (' || zhicang_keys(conrelid, conkey) || ')') FROM cat.pg_constraint WHERE pg_constraint.oid = o),
  (o, pretty) AS (SELECT max('PRIMARY KEY (' || zhicang_keys(conrelid, conkey) || ')') FROM cat.pg_constraint WHERE pg_constraint.oid = o);
CREATE MACRO pg_get_indexdef(o) AS (SELECT max('CREATE UNIQUE INDEX ON ' || zhicang_class_name(indrelid) || ' USING btree (' || zhicang_keys(indrelid, indkey) || ')') FROM cat.pg_index WHERE indexrelid = o),
  (o, n, pretty) AS (SELECT max(CASE WHEN n = 0 THEN 'CREATE UNIQUE INDEX ON ' || zhicang_class_name(indrelid) || ' USING btree (' || zhicang_keys(indrelid, indkey) || ')'
    ELSE zhicang_keys(indrelid, [indkey[n]]) END) FROM cat.pg_index WHERE indexrelid = o);
