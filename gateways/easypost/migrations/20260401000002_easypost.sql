-- migrate:up
create table gateways.easypost_shipments (
    key             text collate "C" not null,
    order_id        text collate "C",
    fingerprint     text,
    shipment_id     text collate "C",
    tracking_number text,
    carrier         text,
    state           text not null default 'new',
    refusal_reason  text,
    void_reason     text,
    buying_until    timestamptz,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    voided_at       timestamptz,
    constraint easypost_shipments_pkey primary key (key),
    constraint easypost_shipments_shipment_id_key unique (shipment_id),
    constraint easypost_shipments_state check (
        state in ('new', 'voided')
        or (state = 'created' and shipment_id is not null)
        or (state = 'buying' and shipment_id is not null and buying_until is not null)
        or (state = 'refused' and refusal_reason is not null)
        or (state in ('bought', 'voiding', 'void_refused') and tracking_number is not null)
    ),
    constraint easypost_shipments_voided_at check (
        (voided_at is not null) = (state in ('voiding', 'voided', 'void_refused'))
    ),
    constraint easypost_shipments_facts check (
        (fingerprint is null) = (order_id is null)
        and (tracking_number is null) = (carrier is null)
        and (tracking_number is null or shipment_id is not null)
        and (fingerprint is not null or (state = 'voided' and shipment_id is null))
    )
);
create index easypost_shipments_order_id_idx on gateways.easypost_shipments (order_id);
comment on table gateways.easypost_shipments is
    'one row per idempotency key, for good; a voided row without a shipment is the tombstone of a label that never came';
comment on column gateways.easypost_shipments.fingerprint is 'hash of the request: names the content without keeping it';
comment on column gateways.easypost_shipments.tracking_number is 'set where a label was bought, whatever came of it later';
comment on column gateways.easypost_shipments.buying_until is
    'when a call that buys has reached EasyPost or never will; also tells that call from a later one';

grant select on gateways.easypost_shipments to orders_app;
grant insert (key, order_id, fingerprint, state, void_reason, voided_at) on gateways.easypost_shipments to orders_app;
grant update (
    shipment_id, tracking_number, carrier, state, refusal_reason, void_reason, buying_until, updated_at, voided_at
) on gateways.easypost_shipments to orders_app;

-- migrate:down
drop table gateways.easypost_shipments;
