"""Payment and shipping services: their protocols, simulated ones, Stripe and EasyPost, each with its ledger."""
