"""Salesforce: opportunities over the REST API with SOQL, by OAuth or by an app of the customer's own.

Neither a machine-readable description nor a server was at hand: what is here is proven only against
tests/integrations/providers/fake_salesforce.py, which was written from Salesforce's documents. A real
organization has yet to confirm the error codes and shapes, the answers of describe and Sforce-Limit-Info,
that deleting moves SystemModstamp, that removing a line item moves its opportunity's (a line that is removed
for good shows in no query), and that tasks are found by WhatId and Subject.

Opportunities have no pipelines (record types only narrow the one list of stages), cannot be merged or
archived, and Salesforce signs no general webhooks: changes are polled.
"""

from integrations.providers.salesforce.provider import Salesforce

__all__ = ["Salesforce"]
