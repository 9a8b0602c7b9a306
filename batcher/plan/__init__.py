"""What explaining a collection would cost: from the sizes of its segments and a short run over a sample of them."""

from batcher.plan.forecast import Costs, Settings, plan_collection

__all__ = ["Costs", "Settings", "plan_collection"]
