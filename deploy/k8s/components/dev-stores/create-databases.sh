#!/bin/sh
# Run once by the image's entry point, on an empty data folder.
exec psql -v ON_ERROR_STOP=1 -v owner_password="$OWNER_PASSWORD" -v app_password="$APP_PASSWORD" \
  -U "$POSTGRES_USER" -d postgres -f /scripts/create-databases.sql
