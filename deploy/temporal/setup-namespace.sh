#!/bin/sh
# Creates the namespace with the search attributes of the workflows. If they exist, changes only the retention, to the
# given one.
# Reads TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE (both also read by the temporal command itself) and RETENTION.
set -eu

again() { # a new namespace takes some seconds to be known to the whole server
    attempt=1
    until "$@"; do
        [ "$attempt" -lt 30 ] || return 1
        attempt=$((attempt + 1))
        sleep 2
    done
}

has_namespace() { temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; }
make_namespace() {
    has_namespace || temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$RETENTION"
}
has_attribute() { temporal operator search-attribute list | grep -qw "$1"; }
make_attribute() { has_attribute "$1" || temporal operator search-attribute create --name "$1" --type "$2"; }

# A listed attribute may still be unknown where starts are checked: only a start proves it. No worker polls this queue.
probe() {
    temporal workflow start --type set-up --workflow-id set-up --task-queue set-up --execution-timeout 1m \
        --id-conflict-policy TerminateExisting --search-attribute 'OrderId="set-up"' --search-attribute 'CustomerId="set-up"' \
        --search-attribute 'OrderStatus="set-up"' --search-attribute 'NeedsAttention=false' >/dev/null
}

again temporal operator cluster health
again make_namespace
again temporal operator namespace update --namespace "$TEMPORAL_NAMESPACE" --retention "$RETENTION"
again make_attribute OrderId Keyword
again make_attribute CustomerId Keyword
again make_attribute OrderStatus Keyword
again make_attribute NeedsAttention Bool
again probe
temporal workflow delete --workflow-id set-up --yes
