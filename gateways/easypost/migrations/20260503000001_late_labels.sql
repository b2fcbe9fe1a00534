-- migrate:up
alter table gateways.easypost_shipments add column appears_until timestamptz;
comment on column gateways.easypost_shipments.appears_until is
    'until when a purchase with an unknown outcome may still make a label; null where no purchase had one';
comment on column gateways.easypost_shipments.buying_until is
    'until when a purchase may be in progress at EasyPost, and no other begins; also tells that purchase from a later one';
comment on table gateways.easypost_shipments is
    'one row per idempotency key, for good; a voided row without a shipment is the tombstone of a label that never came, '
    'a voiding row without a tracking number waits whether one appears';

-- Purchases in progress while this is applied: their outcome counts as unknown.
update gateways.easypost_shipments s set appears_until = s.buying_until + interval '1 day' where s.state = 'buying';

alter table gateways.easypost_shipments drop constraint easypost_shipments_state;
alter table gateways.easypost_shipments add constraint easypost_shipments_state check (
    state in ('new', 'voided')
    or (state = 'created' and shipment_id is not null)
    or (state = 'buying' and shipment_id is not null and buying_until is not null)
    or (state = 'refused' and refusal_reason is not null)
    or (state in ('bought', 'void_refused') and tracking_number is not null)
    or (state = 'voiding' and shipment_id is not null and (tracking_number is not null or appears_until is not null))
);
grant update (appears_until) on gateways.easypost_shipments to orders_app;

-- migrate:down
update gateways.easypost_shipments s set state = 'voided' where s.state = 'voiding' and s.tracking_number is null;
alter table gateways.easypost_shipments drop constraint easypost_shipments_state;
alter table gateways.easypost_shipments add constraint easypost_shipments_state check (
    state in ('new', 'voided')
    or (state = 'created' and shipment_id is not null)
    or (state = 'buying' and shipment_id is not null and buying_until is not null)
    or (state = 'refused' and refusal_reason is not null)
    or (state in ('bought', 'voiding', 'void_refused') and tracking_number is not null)
);
comment on table gateways.easypost_shipments is
    'one row per idempotency key, for good; a voided row without a shipment is the tombstone of a label that never came';
comment on column gateways.easypost_shipments.buying_until is
    'when a call that buys has reached EasyPost or never will; also tells that call from a later one';
alter table gateways.easypost_shipments drop column appears_until;
