#!/bin/sh
# Creates Temporal's two databases and brings their schemas to the version of this temporal-sql-tool. Changes nothing if
# they are up to date, so it is also the first step of an upgrade.
# Reads the tool's own SQL_PLUGIN, SQL_HOST, SQL_PORT, SQL_USER and SQL_PASSWORD.
set -eu

for schema in temporal visibility; do
    database=temporal
    [ "$schema" = visibility ] && database=temporal_visibility
    temporal-sql-tool --db "$database" create
    # The version tables; an existing one is not changed.
    temporal-sql-tool --db "$database" setup-schema -v 0.0
    temporal-sql-tool --db "$database" update-schema --schema-name "postgresql/v12/$schema"
done
