-- The roles of HFER's processes, for psql: as a superuser, or as a role with CREATEROLE that owns
-- database and tables. To be run before a migration, on a new database or on one with tables of an
-- older version, and again whenever a password changes; docs/deploy.md says when.
--
--   psql -X -f infra/postgres/roles.sql postgresql://postgres@db.example.org/hfer
--
-- It makes the owner of the tables (hfer_owner: migrations, backups) and a role for each process,
-- and hands existing tables to the owner. Passwords come from the environment: OWNER_PASSWORD,
-- API_PASSWORD, WORKER_PASSWORD, INGEST_PASSWORD, MAINTENANCE_PASSWORD. One that is not set stays
-- what it is; without any a role cannot log in. Privileges follow with the next migration, which
-- knows the tables (services/common/db/grants.py).
\set ON_ERROR_STOP on
SET client_min_messages = warning;
\getenv owner_password OWNER_PASSWORD
\getenv api_password API_PASSWORD
\getenv worker_password WORKER_PASSWORD
\getenv ingest_password INGEST_PASSWORD
\getenv maintenance_password MAINTENANCE_PASSWORD

-- No password in the server's log, whatever it is told to write; only superusers may say so.
SELECT set_config('log_statement', 'none', false),
       set_config('log_min_duration_statement', '-1', false),
       set_config('log_min_error_statement', 'panic', false)
FROM pg_roles WHERE rolname = current_user AND rolsuper \g /dev/null

BEGIN;
SET LOCAL lock_timeout = '5s';

SELECT format('CREATE ROLE %I LOGIN', name)
FROM unnest(ARRAY['hfer_owner', 'hfer_api', 'hfer_worker', 'hfer_ingest', 'hfer_maintenance']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec

\if :{?owner_password}
ALTER ROLE hfer_owner PASSWORD :'owner_password';
\endif
\if :{?api_password}
ALTER ROLE hfer_api PASSWORD :'api_password';
\endif
\if :{?worker_password}
ALTER ROLE hfer_worker PASSWORD :'worker_password';
\endif
\if :{?ingest_password}
ALTER ROLE hfer_ingest PASSWORD :'ingest_password';
\endif
\if :{?maintenance_password}
ALTER ROLE hfer_maintenance PASSWORD :'maintenance_password';
\endif

-- Only who belongs to a role may hand tables to it.
SELECT format('GRANT hfer_owner TO %I', current_user)
FROM pg_roles WHERE rolname = current_user AND NOT rolsuper \gexec

GRANT USAGE, CREATE ON SCHEMA public TO hfer_owner;
GRANT USAGE ON SCHEMA public TO hfer_api, hfer_worker, hfer_ingest, hfer_maintenance;

-- What an extension brought stays its own; sequences of columns follow their tables.
SELECT format('ALTER TABLE public.%I OWNER TO hfer_owner', relname)
FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v')
  AND relowner <> 'hfer_owner'::regrole
  AND NOT EXISTS (SELECT FROM pg_depend
                  WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e') \gexec
SELECT format('ALTER FUNCTION %s OWNER TO hfer_owner', oid::regprocedure)
FROM pg_proc
WHERE pronamespace = 'public'::regnamespace AND proowner <> 'hfer_owner'::regrole
  AND NOT EXISTS (SELECT FROM pg_depend
                  WHERE classid = 'pg_proc'::regclass AND objid = pg_proc.oid AND deptype = 'e') \gexec
COMMIT;
