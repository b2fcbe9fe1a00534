#!/bin/sh
# Three roles for the application's database, created once, when the server's data folder is empty:
#   orders_app    no login; the rights of the application, which the migrations grant
#   orders_owner  owns the database and runs the migrations
#   orders        login of worker and commands; it acts as orders_app
# Reads ORDERS_DB_OWNER_PASSWORD and ORDERS_DB_PASSWORD, and the server image's POSTGRES_USER and POSTGRES_DB.
set -e

psql --no-psqlrc --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    --set owner_password="${ORDERS_DB_OWNER_PASSWORD:?}" --set login_password="${ORDERS_DB_PASSWORD:?}" <<'SQL'
create role orders_app nologin;
create role orders_owner login password :'owner_password';
create role orders login password :'login_password';
grant orders_app to orders_owner, orders;

alter database :"DBNAME" owner to orders_owner;
revoke connect, temporary on database :"DBNAME" from public;
grant connect on database :"DBNAME" to orders_app;
SQL
