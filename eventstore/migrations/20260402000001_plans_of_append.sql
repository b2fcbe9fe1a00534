-- migrate:up
-- append() is planned once for a connection: with its arrays the planner otherwise plans anew at every call, which took nearly half of
-- an append. A plan that was made while the log was empty stays, and must not read all of it later.
alter function eventstore.append(text, bigint, uuid[], text[], int[], text[], text[]) set plan_cache_mode = force_generic_plan;
alter function eventstore.append(text, bigint, uuid[], text[], int[], text[], text[]) set enable_seqscan = off;

-- migrate:down
alter function eventstore.append(text, bigint, uuid[], text[], int[], text[], text[]) reset plan_cache_mode;
alter function eventstore.append(text, bigint, uuid[], text[], int[], text[], text[]) reset enable_seqscan;
