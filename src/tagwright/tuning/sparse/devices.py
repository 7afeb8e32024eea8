"""Several devices that train one model together: what each does of the work, and sums over them all."""

from collections.abc import Sequence

from torch import Tensor
from torch import distributed as dist


def count_devices() -> int:
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def share_out(documents: Sequence[int]) -> Sequence[int]:
    """This device's share of the documents."""
    return documents if count_devices() == 1 else documents[dist.get_rank() :: count_devices()]


def add_up(tensor: Tensor) -> Tensor:
    """The sum over all devices, in place and the same on each."""
    if count_devices() > 1:
        dist.all_reduce(tensor)
    return tensor
