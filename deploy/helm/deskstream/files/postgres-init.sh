#!/bin/bash
# A role and a database for each service; run once by PostgreSQL's image, when its volume is new.
# Passwords: DATABASE_PASSWORD_INGEST, DATABASE_PASSWORD_CUSTOMER, ...
set -euo pipefail

for service in ingest customer ticket routing sla notify gateway; do
  variable=DATABASE_PASSWORD_${service^^}
  psql --username="${POSTGRES_USER:-postgres}" --dbname=postgres --set=ON_ERROR_STOP=1 \
    --set=name="$service" --set=password="${!variable:?}" <<'SQL'
CREATE ROLE :"name" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE CONNECT, TEMPORARY ON DATABASE :"name" FROM PUBLIC;
SQL
done
psql --username="${POSTGRES_USER:-postgres}" --dbname=postgres --set=ON_ERROR_STOP=1 \
  --command='REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC'
