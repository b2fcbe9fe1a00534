"""SQL statements of the embedded PostgreSQL's set-up."""

from typing import Final

# True if the database exists. By pg_database_datname_index.
DATABASE_EXISTS: Final = "select true from pg_catalog.pg_database where datname = $1"

# Creates a database of a fixed name: an identifier cannot be a parameter.
CREATE_DATABASE: Final = 'create database "{database}"'
