-- migrate:up
-- They run with their caller's rights: what stands in schemas on the caller's path is not taken for what is built in.
alter function gateways.stripe_rank(text) set search_path = pg_catalog, pg_temp;
alter function gateways.stripe_refund_rank(text) set search_path = pg_catalog, pg_temp;
alter function gateways.stripe_charge_moves_forward() set search_path = pg_catalog, pg_temp;

-- migrate:down
alter function gateways.stripe_rank(text) reset search_path;
alter function gateways.stripe_refund_rank(text) reset search_path;
alter function gateways.stripe_charge_moves_forward() reset search_path;
