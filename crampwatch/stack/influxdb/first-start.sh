#!/bin/sh
# InfluxDB's image runs this once, when it has made the organisation, the bucket and an admin: who may do what else.
# When it fails, the image removes what it has made and begins anew at the next start.
set -eu
umask 077
bucket=$DOCKER_INFLUXDB_INIT_BUCKET_ID
org=$DOCKER_INFLUXDB_INIT_ORG_ID

# The outbox may write to the bucket and nothing else. InfluxDB chooses the token itself and tells it only now.
influx auth create --json --org-id "$org" --write-bucket "$bucket" --description "crampwatch: writes nights" |
  sed -n 's/^[[:space:]]*"token":[[:space:]]*"\([^"]*\)".*/\1/p' >/tmp/write-token
test -s /tmp/write-token
cp /tmp/write-token /crampwatch/influx/write-token
rm /tmp/write-token

# Grafana may read the bucket and nothing else, by the password that `crampwatch setup` has chosen.
influx v1 auth create --org-id "$org" --read-bucket "$bucket" --description "Grafana: reads nights" \
  --username grafana --password "$(cat /run/secrets/influxdb_read_password)" >/dev/null
