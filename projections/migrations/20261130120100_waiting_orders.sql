-- migrate:up
-- Orders that wait, for a release or for another payment: few among all. See projections/statements.py.
create index order_dashboard_waiting on projections.order_dashboard (placed_position)
    where waits_until is not null or hold_reason is not null;

-- migrate:down
drop index projections.order_dashboard_waiting;
