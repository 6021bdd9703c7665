-- Relations that follow from the others, made when those are filled: as tables,
-- so that what asks without an order gets the order in which things stand.

CREATE TABLE cat.pg_user AS SELECT rolname AS usename, oid AS usesysid, false AS usecreatedb, false AS usesuper, false AS userepl,
  false AS usebypassrls, CAST(NULL AS VARCHAR) AS passwd, rolvaliduntil AS valuntil, rolconfig AS useconfig FROM cat.pg_roles;
CREATE TABLE cat.pg_tables AS
SELECT n.nspname AS schemaname, c.relname AS tablename, 'zhicang' AS tableowner, CAST(NULL AS VARCHAR) AS tablespace,
  c.relhasindex AS hasindexes, false AS hasrules, false AS hastriggers, false AS rowsecurity
FROM cat.pg_class c JOIN cat.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' ORDER BY 1, 2;
CREATE TABLE info.schemata AS SELECT 'zhicang' AS catalog_name, nspname AS schema_name, 'zhicang' AS schema_owner,
  CAST(NULL AS VARCHAR) AS default_character_set_catalog, CAST(NULL AS VARCHAR) AS default_character_set_schema,
  CAST(NULL AS VARCHAR) AS default_character_set_name, CAST(NULL AS VARCHAR) AS sql_path FROM cat.pg_namespace ORDER BY 2;
CREATE TABLE info.tables AS SELECT 'zhicang' AS table_catalog, n.nspname AS table_schema, c.relname AS table_name, 'BASE TABLE' AS table_type,
  CAST(NULL AS VARCHAR) AS self_referencing_column_name, CAST(NULL AS VARCHAR) AS reference_generation,
  CAST(NULL AS VARCHAR) AS user_defined_type_catalog, CAST(NULL AS VARCHAR) AS user_defined_type_schema,
  CAST(NULL AS VARCHAR) AS user_defined_type_name, 'NO' AS is_insertable_into, 'NO' AS is_typed, CAST(NULL AS VARCHAR) AS commit_action
FROM cat.pg_class c JOIN cat.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND n.nspname <> 'pg_catalog' ORDER BY n.nspname, c.relname;
CREATE TABLE info.columns AS SELECT 'zhicang' AS table_catalog, n.nspname AS table_schema, c.relname AS table_name, a.attname AS column_name,
  CAST(a.attnum AS INTEGER) AS ordinal_position, CAST(NULL AS VARCHAR) AS column_default, CASE WHEN a.attnotnull THEN 'NO' ELSE 'YES' END AS is_nullable,
  CASE WHEN t.typelem <> 0 THEN 'ARRAY' ELSE format_type(a.atttypid, NULL) END AS data_type,
  CAST(NULL AS INTEGER) AS character_maximum_length, CASE WHEN a.atttypid = 25 THEN 1073741824 END AS character_octet_length,
  CASE a.atttypid WHEN 21 THEN 16 WHEN 23 THEN 32 WHEN 20 THEN 64 WHEN 700 THEN 24 WHEN 701 THEN 53 WHEN 1700 THEN (a.atttypmod - 4) >> 16 END AS numeric_precision,
  CASE WHEN a.atttypid IN (21, 23, 20, 700, 701) THEN 2 WHEN a.atttypid = 1700 THEN 10 END AS numeric_precision_radix,
  CASE WHEN a.atttypid IN (21, 23, 20) THEN 0 WHEN a.atttypid = 1700 THEN (a.atttypmod - 4) & 65535 END AS numeric_scale,
  CASE a.atttypid WHEN 1082 THEN 0 WHEN 1114 THEN 6 WHEN 1184 THEN 6 WHEN 1083 THEN 6 END AS datetime_precision,
  CAST(NULL AS VARCHAR) AS interval_type, CAST(NULL AS VARCHAR) AS character_set_name, CAST(NULL AS VARCHAR) AS collation_name,
  CAST(NULL AS VARCHAR) AS domain_name, 'zhicang' AS udt_catalog, 'pg_catalog' AS udt_schema, t.typname AS udt_name,
  CAST(a.attnum AS VARCHAR) AS dtd_identifier, 'NO' AS is_identity, CAST(NULL AS VARCHAR) AS identity_generation, 'NEVER' AS is_generated,
  CAST(NULL AS VARCHAR) AS generation_expression, 'NO' AS is_updatable
FROM cat.pg_attribute a JOIN cat.pg_class c ON c.oid = a.attrelid JOIN cat.pg_namespace n ON n.oid = c.relnamespace JOIN cat.pg_type t ON t.oid = a.atttypid
WHERE c.relkind = 'r' AND a.attnum > 0 AND n.nspname <> 'pg_catalog' ORDER BY n.nspname, c.relname, a.attnum;
CREATE TABLE info.table_constraints AS SELECT 'zhicang' AS constraint_catalog, n.nspname AS constraint_schema, k.conname AS constraint_name,
  'zhicang' AS table_catalog, n.nspname AS table_schema, c.relname AS table_name, 'PRIMARY KEY' AS constraint_type, 'NO' AS is_deferrable,
  'NO' AS initially_deferred, 'YES' AS enforced
FROM cat.pg_constraint k JOIN cat.pg_class c ON c.oid = k.conrelid JOIN cat.pg_namespace n ON n.oid = c.relnamespace;
CREATE TABLE info.key_column_usage AS SELECT 'zhicang' AS constraint_catalog, n.nspname AS constraint_schema, k.conname AS constraint_name,
  'zhicang' AS table_catalog, n.nspname AS table_schema, c.relname AS table_name, a.attname AS column_name,
  CAST(list_position(k.conkey, a.attnum) AS INTEGER) AS ordinal_position, CAST(NULL AS INTEGER) AS position_in_unique_constraint
FROM cat.pg_constraint k JOIN cat.pg_class c ON c.oid = k.conrelid JOIN cat.pg_namespace n ON n.oid = c.relnamespace
JOIN cat.pg_attribute a ON a.attrelid = c.oid AND list_contains(k.conkey, a.attnum);
CREATE TABLE info.table_privileges AS SELECT 'zhicang' AS grantor, rolname AS grantee, t.table_catalog, t.table_schema, t.table_name,
  'SELECT' AS privilege_type, 'NO' AS is_grantable, 'YES' AS with_hierarchy FROM info.tables t, cat.pg_roles WHERE rolname <> 'zhicang';
CREATE TABLE info.role_table_grants AS SELECT * FROM info.table_privileges;
CREATE TABLE info.views (table_catalog VARCHAR, table_schema VARCHAR, table_name VARCHAR, view_definition VARCHAR, check_option VARCHAR, is_updatable VARCHAR, is_insertable_into VARCHAR);
CREATE TABLE info.referential_constraints (constraint_catalog VARCHAR, constraint_schema VARCHAR, constraint_name VARCHAR, unique_constraint_catalog VARCHAR, unique_constraint_schema VARCHAR, unique_constraint_name VARCHAR, match_option VARCHAR, update_rule VARCHAR, delete_rule VARCHAR);
CREATE TABLE info.constraint_column_usage (table_catalog VARCHAR, table_schema VARCHAR, table_name VARCHAR, column_name VARCHAR, constraint_catalog VARCHAR, constraint_schema VARCHAR, constraint_name VARCHAR);
CREATE TABLE info.routines (specific_catalog VARCHAR, specific_schema VARCHAR, specific_name VARCHAR, routine_catalog VARCHAR, routine_schema VARCHAR, routine_name VARCHAR, routine_type VARCHAR, data_type VARCHAR);
CREATE TABLE info.sequences (sequence_catalog VARCHAR, sequence_schema VARCHAR, sequence_name VARCHAR);
CREATE TABLE info.triggers (trigger_catalog VARCHAR, trigger_schema VARCHAR, trigger_name VARCHAR, event_object_schema VARCHAR, event_object_table VARCHAR);
