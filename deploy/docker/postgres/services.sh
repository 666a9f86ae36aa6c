#!/bin/bash
# Run once, on an empty data folder: a database and two roles (owner, application) per service, and Keycloak's database.
# The passwords come from the environment. Databases of services added later: docs/runbooks/upgrade.md.
set -euo pipefail

make_role() {  # name password
  psql -v ON_ERROR_STOP=1 -X -q --username "$POSTGRES_USER" --dbname postgres -v "role=$1" -v "secret=$2" <<'SQL'
create role :"role" login password :'secret';
SQL
}

make_database() {  # name owner application-role
  psql -v ON_ERROR_STOP=1 -X -q --username "$POSTGRES_USER" --dbname postgres -v "name=$1" -v "owner=$2" -v "app=$3" <<'SQL'
create database :"name" owner :"owner" template template0 encoding 'UTF8';
revoke all on database :"name" from public;
grant connect, temporary on database :"name" to :"app";
SQL
}

for service in intake scoring review registry notify; do
  owner="GL_${service^^}_OWNER_PASSWORD" app="GL_${service^^}_DB_PASSWORD"
  make_role "gf_${service}_owner" "${!owner}"
  make_role "gf_${service}_app" "${!app}"
  make_database "gf_$service" "gf_${service}_owner" "gf_${service}_app"
done
make_role keycloak "$GL_KEYCLOAK_DB_PASSWORD"
make_database keycloak keycloak keycloak
