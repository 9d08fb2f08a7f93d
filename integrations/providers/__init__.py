"""One module per vendor, each keeping the Protocol of integrations.crm; none knows another or Django."""
