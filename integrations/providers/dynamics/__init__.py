"""Microsoft Dynamics 365 Sales: opportunities over the Dataverse Web API v9.2, followed by change tracking.

Neither a server nor a description of an environment was at hand: what is here is proven only against
tests/integrations/providers/fake_dynamics.py, which was written from Microsoft's documents. A real
environment has yet to confirm the error codes, that pages of tracked changes keep to maxpagesize, and that
removing a product from an opportunity changes the opportunity: a line that was removed is otherwise not told
of.

What is not there: an opportunity may be in several business process flows, so none of them says its stage;
the status reason stands for it. Requested delivery dates of products depend on the reader's time zone and are
not read. Opportunities cannot be merged or archived, deleted ones are told of by change tracking alone, and
webhooks would be unsigned and need a solution in the environment: changes are polled.
"""

from integrations.providers.dynamics.provider import Dynamics

__all__ = ["Dynamics"]
