"""What the order system asks of payment and shipping services, and simulated services that answer."""
