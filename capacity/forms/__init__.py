from capacity.forms.changes import ChangeForm
from capacity.forms.errors import add_errors
from capacity.forms.pools import PoolForm
from capacity.forms.resources import ResourceForm

__all__ = ["ChangeForm", "PoolForm", "ResourceForm", "add_errors"]
