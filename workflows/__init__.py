"""The business procedures: validate-order, fulfill-order, notify-shipment, refund-order, reconcile-payments."""
